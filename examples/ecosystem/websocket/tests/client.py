# Drives the server with the `websockets` package of PyPI: client.py ws://ADDRESS
import asyncio
import os
import sys

import websockets


async def main(address):
    async with websockets.connect(address, proxy=None) as socket:
        for message in ["text", "", "réveille " * 1000, b"\x00\xff", os.urandom(500_000)]:
            await socket.send(message)
            assert await socket.recv() == message
        # A message in several frames comes back whole.
        await socket.send(["in ", "three ", "parts"])
        assert await socket.recv() == "in three parts"
        await asyncio.gather(*[await socket.ping() for _ in range(10)])
        await socket.close(code=1001, reason="enough")
    assert socket.close_code == 1001, socket.close_code
    assert socket.close_reason == "enough", socket.close_reason

    async def converse(number):
        async with websockets.connect(address, proxy=None) as socket:
            for round in range(20):
                await socket.send(f"{number}: {round}")
                assert await socket.recv() == f"{number}: {round}"

    await asyncio.gather(*[converse(number) for number in range(50)])

    # Too long: the connection ends, by the server.
    async with websockets.connect(address, proxy=None) as socket:
        try:
            await socket.send(b"x" * (2 << 20))
            await socket.recv()
        except websockets.ConnectionClosed:
            print("all is well")


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 120))
