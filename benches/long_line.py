"""A line to a port of this machine with a round trip of so many milliseconds: long_line.py PORT MILLISECONDS.

Listens on a free port of loopback, which it prints, and hands every byte on half a round trip after it came, in both
directions. How much travels at once is not limited: the line is long, not narrow.
"""

import asyncio
import sys


async def carry(reader, writer, delay):
    """Hands on what comes, each piece when its time has come. Pieces do not wait for each other."""
    loop = asyncio.get_running_loop()
    pieces = asyncio.Queue()

    async def deliver():
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(due - loop.time())
            if not piece:
                break
            writer.write(piece)
        writer.close()

    delivery = asyncio.create_task(deliver())
    try:
        while piece := await reader.read(65536):
            pieces.put_nowait((loop.time() + delay, piece))
    except ConnectionError:
        pass
    pieces.put_nowait((loop.time() + delay, b""))
    await delivery


async def main(port, delay):
    async def join(near_reader, near_writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(near_reader, far_writer, delay), carry(far_reader, near_writer, delay),
                             return_exceptions=True)

    server = await asyncio.start_server(join, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) / 2000))
    except KeyboardInterrupt:
        pass
