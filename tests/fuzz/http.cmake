# SPDX-License-Identifier: Apache-2.0
sg_fuzz(http_params SOURCES fuzz_http_params.c LINKS sg_query)
