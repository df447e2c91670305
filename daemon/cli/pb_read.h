/* SPDX-License-Identifier: Apache-2.0
 * Protobuf messages from their proto3 JSON: lowerCamelCase or original names,
 * 64-bit integers as texts or numbers, enums by name or number, bytes in
 * base64, null for the default. For messages without oneofs and floats. */
#ifndef SG_CLI_PB_READ_H
#define SG_CLI_PB_READ_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"

#define PB_READ_PATH 160

struct pb_read_error {
	char path[PB_READ_PATH]; /* "events[0].amounts[1].value"; "" = the whole */
	char text[160];          /* the value and the rule it breaks */
};

/* One JSON object to a message in the arena. ERR_MALFORMED with *ret_error for
 * text that is no JSON, a member that the message lacks or that stands twice,
 * or a value that does not fit its field; ERR_NOMEM. */
int pb_read(const ProtobufCMessageDescriptor *type, const char *text, size_t len,
            struct arena *arena, ProtobufCMessage **ret_message,
            struct pb_read_error *ret_error) SG_MUST_CHECK;

#endif
