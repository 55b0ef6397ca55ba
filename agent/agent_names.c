/* agent/agent_names.c - the words for states, reasons and counters: tables, nothing else. */
#include "agent/agent.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const state_names[] = {
    [AGENT_OFFLINE] = "offline", [AGENT_CONNECTING] = "connecting", [AGENT_GREETING] = "greeting",
    [AGENT_ONLINE] = "online",   [AGENT_STOPPED] = "stopped",       [AGENT_DRAINED] = "drained",
};

static const char *const why_names[] = {
    [AGENT_WHY_NONE] = "none",
    [AGENT_WHY_START] = "start",
    [AGENT_WHY_UNREACHABLE] = "unreachable",
    [AGENT_WHY_LOST] = "lost",
    [AGENT_WHY_SILENT] = "silent",
    [AGENT_WHY_BROKER] = "broker",
    [AGENT_WHY_COLLECTOR] = "collector",
    [AGENT_WHY_FORK] = "fork",
    [AGENT_WHY_BEHIND] = "behind",
    [AGENT_WHY_SPLIT] = "split",
    [AGENT_WHY_GAP] = "gap",
    [AGENT_WHY_OLDER] = "older",
    [AGENT_WHY_ROTATED] = "rotated",
    [AGENT_WHY_JOURNAL] = "journal",
    [AGENT_WHY_TOO_LARGE] = "too_large",
    [AGENT_WHY_PROTOCOL] = "protocol",
    [AGENT_WHY_WINDOW] = "window",
    [AGENT_WHY_BUDGET] = "budget",
};

static const char *const counter_names[AGENT_COUNTERS] = {
    [AGENT_CONNECTS] = "connects",
    [AGENT_HELLOS] = "hellos",
    [AGENT_WELCOMES] = "welcomes",
    [AGENT_FRAMES_SENT] = "frames_sent",
    [AGENT_BYTES_SENT] = "bytes_sent",
    [AGENT_BYTES_RECEIVED] = "bytes_received",
    [AGENT_BYTES_SPARED] = "bytes_spared",
    [AGENT_ENTRIES_SENT] = "entries_sent",
    [AGENT_GROUPS] = "groups",
    [AGENT_RECEIPTS] = "receipts",
    [AGENT_RECEIPTS_REFUSED] = "receipts_refused",
    [AGENT_LOG_KEYS_REFUSED] = "log_keys_refused",
    [AGENT_REFUSALS_CLEAR] = "refusals_clear",
    [AGENT_REFUSALS_SIGNED] = "refusals_signed",
    [AGENT_FRAMES_DROPPED] = "frames_dropped",
    [AGENT_MAILS] = "mails",
    [AGENT_PINGS] = "pings",
    [AGENT_STORES] = "stores",
    [AGENT_CHUNKS] = "chunks",
    [AGENT_FILE_BYTES] = "file_bytes",
    [AGENT_EVIDENCE_RECEIPTS] = "evidence_receipts",
    [AGENT_COSIGNED_HEADS] = "cosigned_heads",
    [AGENT_INGRESS_ASKED] = "ingress_asked",
    [AGENT_INGRESS_NOTES] = "ingress_notes",
    [AGENT_INGRESS_REFUSED] = "ingress_refused",
};

static const char *const file_state_names[] = {
    [AGENT_FILE_WAITING] = "waiting", [AGENT_FILE_ASKED] = "asked",
    [AGENT_FILE_SENDING] = "sending", [AGENT_FILE_REFUSED] = "refused",
    [AGENT_FILE_STORING] = "storing",
};

const char *agent_file_state_name(enum agent_file_state state)
{
    return (size_t)state < COUNT(file_state_names) ? file_state_names[state] : "unknown";
}

const char *agent_state_name(enum agent_state state)
{
    return (size_t)state < COUNT(state_names) ? state_names[state] : "unknown";
}

const char *agent_why_name(enum agent_why why)
{
    return (size_t)why < COUNT(why_names) ? why_names[why] : "unknown";
}

const char *agent_counter_name(enum agent_counter which)
{
    return (size_t)which < COUNT(counter_names) ? counter_names[which] : "unknown";
}
