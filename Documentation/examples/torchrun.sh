#!/bin/sh
# Two machines with eight processes each. Run this on both; NODES' first is the one that the others connect to.
#
#   MASTER=10.0.0.1 sh torchrun.sh 0        on 10.0.0.1
#   MASTER=10.0.0.1 sh torchrun.sh 1        on the other machine
set -eu

exec torchrun --no-python \
    --nnodes 2 --node-rank "$1" --nproc-per-node 8 \
    --master-addr "$MASTER" --master-port 29500 \
    clip train --model ViT-B-32 --train-data '/data/pairs-{00000..01023}.tar' \
    --batch-size 32768 --micro-batch-size 256 --epochs 32 --warmup 2000 --precision bf16 \
    --zero --distributed-timeout 300 --output /shared/runs/first
