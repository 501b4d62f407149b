"""Makes events.expected: the event file that EventFileTests writes, as TensorBoard's own writer writes it.

    python make_events.py          # with tensorboard; checks with EventAccumulator what it wrote

Wall times and steps are fixed, so that the bytes are always the same.
"""

import io
import pathlib
import tempfile

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

TIME = 1_700_000_000.25
SCALARS = [
    (0, [("loss/total", 5.5), ("optimizer/lr", 1e-5)]),
    (1, [("loss/total", 5.25), ("optimizer/lr", 2e-5)]),
    (300, [("evaluation/image_to_text_R@1", 0.125), ("größe", -1.0)]),
    (1 << 40, [("throughput/pairs_per_second", 123456.0)]),
]


def events():
    yield Event(wall_time=TIME, file_version="brain.Event:2")
    # What a run that goes on writes: steps from 0 on replace those of earlier files.
    yield Event(wall_time=TIME, step=300, session_log=SessionLog(status=SessionLog.START))
    for step, values in SCALARS:
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values])
        yield Event(wall_time=TIME, step=step, summary=summary)


class Sink(io.BytesIO):
    def close(self):
        pass


def main():
    sink = Sink()
    writer = RecordWriter(sink)
    for event in events():
        writer.write(event.SerializeToString(deterministic=True))
    data = sink.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "events.out.tfevents.1700000000.host.1.0"
        path.write_bytes(data)
        accumulator = EventAccumulator(str(path), purge_orphaned_data=False)
        accumulator.Reload()
        found = {(tag, item.step) for tag in accumulator.Tags()["scalars"] for item in accumulator.Scalars(tag)}
        assert found == {(tag, step) for step, values in SCALARS for tag, _ in values}, found
    target = pathlib.Path(__file__).with_name("events.expected")
    target.write_bytes(data)
    print(target, len(data))


if __name__ == "__main__":
    main()
