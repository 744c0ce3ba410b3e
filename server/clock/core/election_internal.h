/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the election share: election.c (start, dispatch, timers), election_vote.c (rounds), election_follow.c
 * (the master's voters), election_master.c (the master). Nobody else includes this. */
#ifndef SERVER_CLOCK_CORE_ELECTION_INTERNAL_H
#define SERVER_CLOCK_CORE_ELECTION_INTERNAL_H

#include "server/clock/core/election.h"

#define NOBODY ((sync_node_t){0})

static inline bool same_node(sync_node_t a, sync_node_t b)
{
    return a.id == b.id;
}
static inline uint32_t election_member_bit(unsigned index)
{
    return UINT32_C(1) << index;
}
unsigned election_members_in(uint32_t set);
/* Index of a member, members_count for a stranger. */
unsigned election_member_index(const struct election *e, sync_node_t node);

/* ---- election.c ---- */
struct election_action *election_action_add(struct election_actions *a, enum election_action_kind kind);
void election_action_report(struct election_actions *a, enum election_report report, sync_node_t member,
                            uint64_t value);
/* Fills in term (ours) and epoch. */
struct election_message election_message_of(const struct election *e, enum election_kind kind);
void election_message_send(struct election_actions *a, sync_node_t to,
                           const struct election_message *message);
int64_t election_random_between(struct election *e, int64_t min, int64_t max); /* in [min, max) */
/* Asks for (term, vote) to be made durable. */
void election_memory_persist(struct election *e, struct election_actions *a);
/* Goes to a higher term, as a follower of nobody who has not voted. The caller persists. */
void election_term_adopt(struct election *e, struct election_actions *a, uint64_t term);
bool election_term_too_far(const struct election *e, uint64_t term);
/* Whether an answer's higher term is one to stand above. */
bool election_claim_counts(const struct election *e, uint64_t term);
/* Lets the own time to stand begin at `from_ns`. */
void election_stand_after(struct election *e, int64_t from_ns);
/* May not vote: just started, or without a memory. */
bool election_voter_is_barred(const struct election *e);

/* ---- election_vote.c ---- */
void election_round_begin(struct election *e, struct election_actions *a);
void election_round_tick(struct election *e, struct election_actions *a);
int64_t election_round_deadline(const struct election *e);
/* The disk holds what was asked for: send what waited for it. */
void election_round_persisted(struct election *e, struct election_actions *a);
enum election_verdict election_take_pre_vote(struct election *e, unsigned from,
                                             const struct election_message *m, struct election_actions *a);
enum election_verdict election_take_vote(struct election *e, unsigned from, const struct election_message *m,
                                         struct election_actions *a);
enum election_verdict election_take_reply(struct election *e, unsigned from, const struct election_message *m,
                                          struct election_actions *a);

/* ---- election_follow.c ---- */
void election_follow_tick(struct election *e, struct election_actions *a);
void election_accuse_tick(struct election *e, struct election_actions *a);
void election_accuse_begin(struct election *e, const struct election_ground *ground,
                           struct election_actions *a);
void election_follow_nobody(struct election *e, struct election_actions *a, enum election_reason reason);
/* Its promise to the old master ends and the deputy stands at once. `ended_term` keeps its late heartbeats out. */
void election_follow_released(struct election *e, sync_node_t deputy);
enum election_verdict election_take_heartbeat(struct election *e, unsigned from,
                                              const struct election_message *m, struct election_actions *a);
enum election_verdict election_take_accusation(struct election *e, unsigned from,
                                               const struct election_message *m, struct election_actions *a);
enum election_verdict election_take_goodbye(struct election *e, unsigned from,
                                            const struct election_message *m, struct election_actions *a);

/* ---- election_master.c ---- */
void election_master_begin(struct election *e, struct election_actions *a);
void election_master_tick(struct election *e, struct election_actions *a);
int64_t election_master_deadline(const struct election *e);
/* Says goodbye (unless superseded) and is master no longer. */
void election_master_end(struct election *e, struct election_actions *a, enum election_reason reason,
                         sync_node_t deputy);
enum election_verdict election_take_ack(struct election *e, unsigned from, const struct election_message *m,
                                        struct election_actions *a);
/* A hand-over happened: the next one has to wait longer. */
void election_backoff_note(struct election *e);

#endif
