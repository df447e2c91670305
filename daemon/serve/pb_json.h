/* SPDX-License-Identifier: Apache-2.0
 * Any protobuf-c message as JSON, in the proto3 mapping: lowerCamelCase names,
 * 64-bit integers as strings, bytes as base64, enums by name, defaults left out
 * but for the value of an amount. */
#ifndef SG_SERVE_PB_JSON_H
#define SG_SERVE_PB_JSON_H

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"

void pb_json_put(struct buf *buf, const ProtobufCMessage *message);

#endif
