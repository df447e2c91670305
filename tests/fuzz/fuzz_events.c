/* SPDX-License-Identifier: Apache-2.0
 * Whatever the bytes: the daemon's own reader reads nothing that protobuf-c
 * would not, and nothing otherwise; and the same is counted. */
#include "base/err.h"
#include "compare_apply.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	enum comparison result = compare_batch(bytes, len, compare_apply, NULL);
	require(result != COMPARED_LAXER && result != COMPARED_CONTENT);
	return 0;
}
