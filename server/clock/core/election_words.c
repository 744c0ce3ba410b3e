/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/election.h"

const char *election_reason_text(enum election_reason reason)
{
    switch (reason) {
    case ELECTION_REASON_NONE:
        return "none";
    case ELECTION_REASON_TERM:
        return "in a higher term";
    case ELECTION_REASON_LEASE:
        return "follows a master";
    case ELECTION_REASON_VOTED:
        return "has voted for another in this term";
    case ELECTION_REASON_SILENT:
        return "has just started or lost its memory";
    case ELECTION_REASON_EXILED:
        return "the candidate was deposed a moment ago";
    case ELECTION_REASON_STATIC:
        return "two servers hold no elections";
    case ELECTION_REASON_LEAVING:
        return "leaving";
    case ELECTION_REASON_HANDOVER:
        return "handed over to a better clock";
    case ELECTION_REASON_ACCUSED:
        return "accused by more members than may lie";
    case ELECTION_REASON_QUORUM:
        return "too few members acknowledge";
    case ELECTION_REASON_SUPERSEDED:
        return "a higher term";
    case ELECTION_REASON_LAPSED:
        return "the master is silent";
    case ELECTION_REASON_BROKEN:
        return "the master's own time broke";
    }
    return "other";
}

const char *election_verdict_text(enum election_verdict verdict)
{
    switch (verdict) {
    case ELECTION_ACCEPTED:
        return "accepted";
    case ELECTION_STRANGER:
        return "stranger";
    case ELECTION_OTHER_EPOCH:
        return "other-epoch";
    case ELECTION_STALE:
        return "stale";
    case ELECTION_FAR_TERM:
        return "far-term";
    case ELECTION_REFUSED:
        return "refused";
    case ELECTION_MISPLACED:
        return "misplaced";
    case ELECTION_RIVAL:
        return "rival";
    case ELECTION_DEPOSED:
        return "deposed";
    case ELECTION_LONG_LEASE:
        return "long-lease";
    case ELECTION_VERDICTS:
        break;
    }
    return "other";
}

const char *election_report_text(enum election_report report)
{
    switch (report) {
    case ELECTION_REPORT_NONE:
        return "none";
    case ELECTION_REPORT_STATIC_MASTER:
        return "one of two servers: this is the master, whatever happens; no election is held";
    case ELECTION_REPORT_STATIC_STANDBY:
        return "one of two servers: this is the standby; it never becomes master by itself";
    case ELECTION_REPORT_MEMORY_LOST:
        return "the record of votes is gone: no vote until a master was followed for a lease";
    case ELECTION_REPORT_MEMORY_LEARNT:
        return "followed a master for a lease: votes again";
    case ELECTION_REPORT_STANDING:
        return "asks for votes";
    case ELECTION_REPORT_NO_QUORUM:
        return "no quorum in favour; tries again";
    case ELECTION_REPORT_DEPOSED:
        return "deposed by accusations";
    case ELECTION_REPORT_RIVAL:
        return "a second master in the same term: it lies, or the two configurations differ";
    case ELECTION_REPORT_HANDOVER:
        return "hands over to a better clock";
    case ELECTION_REPORT_RENEWAL:
        return "stands again in a higher term, so that a member in one can follow";
    }
    return "other";
}

const char *election_role_text(const struct election *e)
{
    switch (e->role) {
    case ELECTION_FOLLOWER:
        if (e->settings.members_count == 2 && !e->alone)
            return "standby (static)";
        return e->master.id != 0 ? "follower" : "follower of nobody";
    case ELECTION_PRE_CANDIDATE:
        return "asking";
    case ELECTION_CANDIDATE:
        return "candidate";
    case ELECTION_IS_MASTER:
        return e->settings.members_count == 2 ? "master (static)" : "master";
    case ELECTION_GONE:
        return "leaving";
    }
    return "other";
}
