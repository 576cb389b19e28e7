"""Publishes frames and a waveform of one machine: see docs/wire-format.md.

    pip install -r requirements.txt
    python publisher.py nats://127.0.0.1:4222 works line1 press
"""

import asyncio
import math
import struct
import sys
import time

import msgpack
import nats


class Producer:
    """Numbers its messages, so that Andon recognises the repeats of a retry."""

    def __init__(self, jetstream, name):
        self._jetstream = jetstream
        # Another start is another boot: the count may begin at 1 again.
        self._producer = f"{name}/{int(time.time() * 1000)}"
        self._count = 0

    async def publish(self, subject, message):
        self._count += 1
        headers = {
            "Andon-Producer": self._producer,
            "Andon-Sequence": str(self._count),
            "Nats-Msg-Id": f"{self._producer}/{self._count}",
        }
        payload = msgpack.packb(message)
        while True:
            try:
                return await self._jetstream.publish(subject, payload, headers=headers)
            except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
                await asyncio.sleep(1)


def frame():
    return {
        "time": time.time() * 1000,
        "values": {"temperature": 41.5, "force": 812, "lubricating": True},
    }


def waveform(rate=25_600, count=2_560):
    samples = [math.sin(2 * math.pi * 50 * index / rate) for index in range(count)]
    return {
        "time": time.time() * 1000 - 1000 * count / rate,
        "rate": rate,
        "unit": "g",
        "samples": struct.pack(f"<{count}f", *samples),
        "rpm": 1480,
    }


async def main(url, plant, line, asset, seconds=10):
    connection = await nats.connect(url, max_reconnect_attempts=-1)
    producer = Producer(connection.jetstream(), f"{plant}-{line}-gateway")
    for _ in range(int(seconds)):
        await producer.publish(f"telemetry.{plant}.{line}.{asset}", frame())
        await producer.publish(f"waveform.{plant}.{line}.{asset}.de", waveform())
        await asyncio.sleep(1)
    await connection.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
