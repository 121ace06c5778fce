"""Answers about the scans that LIST names (a path per line) through Spark's pipe.

usage: spark-submit spark.py LIST WEIGHTS OUT [PARTITIONS]

Every executor needs the program `train` (TRAIN names another one) and the scans under the same paths. OUT becomes a folder of
Parquet files with a row per scan, in the order of the list.
"""

import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql.types import StringType, StructField, StructType

list_path, weights, out = sys.argv[1:4]
partitions = int(sys.argv[4]) if len(sys.argv) > 4 else None
train = os.environ.get("TRAIN", "train")

spark = SparkSession.builder.appName("octlens").getOrCreate()
scans = spark.sparkContext.textFile(list_path, minPartitions=partitions)
# One thread each: Spark runs a process per core. A scan without an answer is a line, not a failed task.
lines = scans.pipe(
    f"'{train}' explain --stdin --weights '{weights}'", env={**os.environ, "RAYON_NUM_THREADS": "1"}, checkCode=True
)
# The report stays text here; from_json or get_json_object reads what is wanted of it.
schema = StructType([StructField(name, StringType()) for name in ("input", "report", "error")])
spark.read.json(lines, schema).write.mode("overwrite").parquet(out)
