//! Nothing: this package is its tests. Each shows one crate that was not written for reveille and runs on it, by the traits that
//! the types of reveille implement, or since it asks for nothing.
