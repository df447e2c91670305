# SPDX-License-Identifier: Apache-2.0
sg_fuzz(csv SOURCES fuzz_csv.c LINKS sg_mapping)
sg_fuzz(jsonl SOURCES fuzz_jsonl.c LINKS sg_mapping)
sg_fuzz(mapping SOURCES fuzz_mapping.c LINKS sg_mapping)
