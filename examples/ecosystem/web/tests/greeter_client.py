"""A client of the gRPC example, by Google's own implementation: `greeter_client.py ADDRESS say NAME`, or `... chat`, which takes names
from its standard input, one in a line. Prints what comes back, or the name of the status.

The two messages have one string each, so they are written and read here, without generated code.
"""

import sys

import grpc


def write(name):
    data = name.encode()
    assert len(data) < 128
    return bytes([0x0A, len(data)]) + data if data else b""


def read(message):
    assert message[0] == 0x0A and len(message) == 2 + message[1], message
    return message[2:].decode()


def main():
    address, what, *names = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        try:
            if what == "chat":
                chat = channel.stream_stream("/hello.Greeter/Chat", request_serializer=write, response_deserializer=read)
                names = (line.rstrip("\n") for line in iter(sys.stdin.readline, ""))
                for greeting in chat(names, timeout=60):
                    print(greeting, flush=True)
            else:
                method = {"say": "SayHello", "shout": "Shout"}[what]
                call = channel.unary_unary(f"/hello.Greeter/{method}", request_serializer=write, response_deserializer=read)
                for name in names:
                    print(call(name, timeout=60), flush=True)
        except grpc.RpcError as error:
            print(error.code().name, flush=True)


main()
