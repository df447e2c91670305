/* SPDX-License-Identifier: Apache-2.0
 * Fields of protobuf-c messages, as they lie in memory. */
#ifndef SG_PB_FIELD_H
#define SG_PB_FIELD_H

#include <protobuf-c/protobuf-c.h>

/* Bytes that one value of the field takes in its message, or in its list. */
size_t pb_field_size(const ProtobufCFieldDescriptor *field);

#endif
