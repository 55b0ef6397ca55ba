/* collector/collector_rotate.h - an office's keys in ingest: renewed, and those of before.
 *
 * Of the keys that an office had, ingest knows the present ones and those before the last rotation;
 * who uses the latter is answered here, and gets no session. Whether the present ones are durable
 * is asked of the log's size: until then the brokers hear of those before.
 *
 * Not for anybody outside: include collector/collector.h.
 */
#ifndef COLLECTOR_COLLECTOR_ROTATE_H
#define COLLECTOR_COLLECTOR_ROTATE_H

#include "collector/collector_internal.h"
#include "wire/office_keys.h"

#define COLLECTOR_ROTATION (UINT32_C(1) << ESEP__V1__FEATURE__FEATURE_ROTATION)

void collector_on_rotate(struct collector *c, struct collector_session *session,
                         const struct collector_frame *frame, struct esep_slice plain);
void collector_rotated_reply(struct collector *c, struct collector_asker *asker, uint32_t office,
                             uint64_t index);
/* Whether the disk has the keys that the views say. */
bool collector_keys_durable(const struct collector *c, const struct views_office *office);
/* Of before the last rotation, which is durable. */
bool collector_key_is_old(const struct collector *c, const struct views_office *office,
                          const uint8_t curve_key[ESEP_KEY_BYTES]);
/* What was signed by that key: `rotating` is what HELLO says of the one that follows. */
void collector_refuse_old_key(struct collector *c, const struct collector_frame *frame,
                              const struct views_office *office, ProtobufCBinaryData rotating);

#endif
