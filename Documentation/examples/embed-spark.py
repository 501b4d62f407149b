"""Vectors of all pictures below a folder by Spark's executors, then one file of them.

    spark-submit --conf spark.task.cpus=16 embed-spark.py /shared/pictures /shared/vectors --shards 64

Every executor needs the command clip, and the folders under the same names. A task that is lost is started again by Spark,
and goes on after its last whole part.
"""

import argparse
import json
import subprocess

from pyspark.sql import SparkSession


def embed(shard, arguments):
    """Runs one shard; what it came to."""
    command = [
        "clip", "embed", "--images", arguments.pictures, "--output", arguments.output, "--model", arguments.model,
        "--threads", str(arguments.threads), "--shard", f"{shard}/{arguments.shards}", "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # A shard that left out pictures ends with a code as well; it has its answer all the same.
    if not done.stdout:
        raise RuntimeError(f"shard {shard} ended with code {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures")
    parser.add_argument("output")
    parser.add_argument("--model", default="ViT-B-32/laion2b_s34b_b79k")
    parser.add_argument("--shards", type=int, default=64)
    parser.add_argument("--threads", type=int, default=16, help="as spark.task.cpus")
    arguments = parser.parse_args()
    spark = SparkSession.builder.appName("clip embed").getOrCreate()
    shards = spark.sparkContext.parallelize(range(1, arguments.shards + 1), arguments.shards)
    answers = shards.map(lambda shard: embed(shard, arguments)).collect()
    spark.stop()
    print(sum(answer["pictures"] for answer in answers), "pictures,",
          sum(answer["left_out"] for answer in answers), "left out")
    subprocess.run(["clip", "join", arguments.output, "--output", arguments.output + ".npy"], check=True)


if __name__ == "__main__":
    main()
