"""Publishes samples of one machine through a spool: see docs/wire-format.md.

    pip install -r requirements.txt
    python publisher.py nats://127.0.0.1:4222 works.line1.press spool [COUNT [SECONDS]]

Kill it or the server at any time and start it again: nothing is lost, and what is sent twice counts once.
"""

import asyncio
import collections
import fcntl
import itertools
import json
import math
import os
import sys
import time

import nats

# Without acknowledgement at a time. Andon tells repeats among the last 1,024 of a producer from new messages.
WINDOW = 256
# Bytes that wait at most; then no sample is taken until there is room.
LIMIT = 256_000_000
# A spool whose messages the log has all is emptied when it is larger.
EMPTIED = 1_000_000


class Spool:
    """Numbered messages in a file, one a line. A file beside it says up to which the log has them."""

    def __init__(self, folder, name):
        os.makedirs(folder, exist_ok=True)
        self._folder = folder
        self._lock = open(os.path.join(folder, "lock"), "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.exists(self._path("messages")):
            # Another spool is another boot: its numbers may begin at 1 again.
            boot = int(time.time() * 1000)
            self._replace("messages", json.dumps({"producer": f"{name}/{boot}", "after": 0}) + "\n")
        self._open()

    def _open(self):
        self._file = open(self._path("messages"), "r+b")
        data = self._file.read()
        # What a kill or a power cut left of a line was never published.
        whole = data[: data.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        self._file.seek(0, os.SEEK_END)
        header, *lines = whole.decode().splitlines()
        self.producer, self.count = json.loads(header)["producer"], json.loads(header)["after"]
        acknowledged = max(self._acknowledged(), self.count)
        self.waiting = collections.deque()
        for line in lines:
            self.count += 1
            if self.count > acknowledged:
                self.waiting.append((self.count, json.loads(line)))

    def _acknowledged(self):
        try:
            with open(self._path("acknowledged")) as file:
                return int(file.read())
        except FileNotFoundError:
            return 0

    def append(self, subject, message):
        """On disk when it returns."""
        entry = [subject, json.dumps(message)]
        self._file.write(json.dumps(entry).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.count += 1
        self.waiting.append((self.count, entry))

    def is_full(self):
        return self._file.tell() >= LIMIT

    def acknowledge(self, number):
        """The log has all messages up to this one."""
        while self.waiting and self.waiting[0][0] <= number:
            self.waiting.popleft()
        self._replace("acknowledged", str(number))
        if not self.waiting and self._file.tell() > EMPTIED:
            header = {"producer": self.producer, "after": self.count}
            self._replace("messages", json.dumps(header) + "\n")
            self._file.close()
            self._open()

    def _path(self, name):
        return os.path.join(self._folder, name)

    def _replace(self, name, text):
        with open(self._path(name + ".new"), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._path(name + ".new"), self._path(name))


async def send(jetstream, spool, is_over):
    """Sends what waits, in order, until nothing more comes."""
    while spool.waiting or not is_over():
        batch = list(itertools.islice(spool.waiting, WINDOW))
        left = batch
        while left:
            publishing = (publish(jetstream, spool.producer, *one) for one in left)
            answers = await asyncio.gather(*publishing, return_exceptions=True)
            left = [one for one, answer in zip(left, answers) if isinstance(answer, Exception)]
            if left:
                print(f"{len(left)} messages are not in the log yet", file=sys.stderr)
                await asyncio.sleep(0.5)
        if batch:
            spool.acknowledge(batch[-1][0])
        else:
            await asyncio.sleep(0.01)


async def publish(jetstream, producer, number, entry):
    subject, message = entry
    headers = {
        "Content-Type": "application/json",
        "Andon-Producer": producer,
        "Andon-Sequence": str(number),
    }
    await jetstream.publish(subject, message.encode(), headers=headers, timeout=2)


def sample(asset, number):
    """What a machine says: replace this. Every tenth message is a waveform."""
    now = time.time() * 1000
    if number % 10 == 0:
        rate, count = 25_600, 512
        wave = [round(math.sin(2 * math.pi * 50 * at / rate), 4) for at in range(count)]
        return f"waveform.{asset}.de", {
            "time": now - 1000 * count / rate,
            **{"rate": rate, "unit": "g", "samples": wave, "rpm": 1480},
        }
    values = {"number": number, "temperature": 41.5, "lubricating": True}
    return f"telemetry.{asset}", {"time": now, "values": values}


async def main(url, asset, folder, count="100", seconds="1"):
    spool = Spool(folder, f"{asset}-python")
    connection = await nats.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=0.5)
    jetstream = connection.jetstream()
    sending = asyncio.create_task(send(jetstream, spool, lambda: spool.count >= int(count)))
    while spool.count < int(count):
        if not spool.is_full():
            spool.append(*sample(asset, spool.count + 1))
        await asyncio.sleep(float(seconds))
    await sending
    await connection.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
