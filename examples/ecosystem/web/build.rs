//! The service of `src/bin/grpc.rs`, described here rather than in a `.proto` file, which would need `protoc`.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let method = |name: &str, route: &str| {
        Method::builder()
            .name(name)
            .route_name(route)
            .input_type("crate::Name")
            .output_type("crate::Greeting")
            .codec_path("crate::ProstCodec")
    };
    let greeter = Service::builder()
        .name("Greeter")
        .package("hello")
        .method(method("say_hello", "SayHello").build())
        .method(
            method("chat", "Chat")
                .client_streaming()
                .server_streaming()
                .build(),
        )
        .build();
    Builder::new().build_client(false).compile(&[greeter]);
}
