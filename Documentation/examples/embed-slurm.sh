#!/bin/bash
# Vectors of all pictures below a folder on sixteen machines, then one file of them: bash embed-slurm.sh
# Started again it goes on: shards that are through do nothing.
set -eu
pictures=${PICTURES:-/shared/pictures}
output=${OUTPUT:-/shared/vectors}
model=${MODEL:-ViT-B-32/laion2b_s34b_b79k}
shards=${SHARDS:-16}

array=$(sbatch --parsable --job-name=clip-embed --array="1-$shards" --ntasks=1 --cpus-per-task=16 --time=12:00:00 \
    --requeue --output=%x-%a.log <<EOF
#!/bin/bash
exec clip embed --images '$pictures' --output '$output' --model '$model' --threads "\$SLURM_CPUS_PER_TASK" \
    --shard "\$SLURM_ARRAY_TASK_ID/$shards"
EOF
)

# After any end: a shard that left out a picture ends with a code too. Joining refuses what is not through.
sbatch --job-name=clip-join --dependency="afterany:${array%%;*}" --ntasks=1 --time=1:00:00 --output=%x.log <<EOF
#!/bin/bash
exec clip join '$output' --output '$output.npy'
EOF
