/* agent/main.c - esep-agent: finds the command and hands over. */
#include "agent/commands.h"
#include "io/program.h"

static const struct esep_command commands[] = {
    {"enrol", "--code CODE", "make the office's keys and enrol with the operator's one-time code",
     agent_cmd_enrol},
    {"run", "", "send reports, bring receipts and mail (the daemon)", agent_cmd_run},
    {"duties", "[--all] [--as-of INSTANT]", "what this office owes and by when", agent_cmd_duties},
    {"report", "OBLIGATION --fulfilment F …", "write a report; it is saved before this ends",
     agent_cmd_report},
    {"status", "", "saved, sent and received; the uplink; the journal", agent_cmd_status},
    {"receipt", "[SEQ | OBLIGATION | --all]", "the signed proof of when a report was received",
     agent_cmd_receipt},
    {"mail", "[--since NUMBER]", "reviews, extensions and alerts that came", agent_cmd_mail},
    {"open", "[--print]", "open the office's page in a browser", agent_cmd_open},
    {"keys", "[rotate]", "the office's keys: their fingerprint and age; new ones in their place",
     agent_cmd_keys},
    {"recover", "", "go on after a fork or a restored disk, in a new epoch", agent_cmd_recover},
    {"bundle", "export FILE [--all] | import FILE",
     "reports out, receipts in: by a file, without a link", agent_cmd_bundle},
    {NULL, NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct esep_program program = {
        .name = "esep-agent", .commands = commands, .help_config = agent_settings_help};
    return esep_program_main(&program, argc, argv);
}
