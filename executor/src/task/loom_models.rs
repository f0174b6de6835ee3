//! Models of the life of a task. Each runs every interleaving of a few threads within the preemption bound.
