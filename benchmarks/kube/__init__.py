"""What the benchmark of the operator is made of: the resources, the script that it is compared with, and who looks when all stand."""
