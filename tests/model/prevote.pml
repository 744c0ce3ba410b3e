/* SPDX-License-Identifier: Apache-2.0 */
/* PreVote: a member that was cut off, or hears nothing for whatever reason, disturbs nobody.
 *
 * Three nodes in term 1; node 0 is master and stays well, and so does its link to node 1. Node 2 is cut off and
 * comes back as often as it likes. While 0 and 1 hear each other neither may leave term 1, and node 2 finds its way back.
 *
 * Messages are sets again: `pre` and `vote` hold the terms that node 2 has asked for. They may be heard late and often, but
 * only while node 2 is reachable.
 *
 * Taken away by flags: -DNO_PREVOTE node 2 raises its term without asking; -DNO_STICKINESS voters answer a pre-vote by
 * its term alone, as if they heard no master. */
#define TERMS 4
#define Q     2

byte term[3];
bit cut;        /* node 2 hears nobody */
bit hears2;     /* node 2 follows master 0 */
byte pre_yes;   /* term for which node 1 or 0 has said "I would"; 0: none */
byte pre_asked; /* term for which node 2 asks "would you?"; 0: nobody asks */
bit standing;   /* node 2 asks for votes in its term */

/* Whoever follows a master, or is one, says no. */
#ifdef NO_STICKINESS
#define WOULD(i, t) ((t) > term[i])
#else
#define WOULD(i, t) false
#endif

active proctype world()
{
    term[0] = 1;
    term[1] = 1;
    term[2] = 1;
    hears2 = 1;
    do
    :: cut = 1
    :: cut = 0
    /* Silence: its promise to the master lapses; it may also lapse by loss while nothing is cut. */
    :: hears2 = 0
    /* It asks. */
    :: atomic {
        !hears2 && term[2] < TERMS ->
#ifdef NO_PREVOTE
        term[2] = term[2] + 1;
        standing = 1
#else
        pre_asked = term[2] + 1
#endif
    }
    :: atomic { !cut && pre_asked > 0 && WOULD(0, pre_asked) -> pre_yes = pre_asked }
    :: atomic { !cut && pre_asked > 0 && WOULD(1, pre_asked) -> pre_yes = pre_asked }
    /* Its own answer and one more are a quorum. */
    :: atomic {
        !cut && !hears2 && pre_yes == term[2] + 1 ->
        term[2] = pre_yes;
        standing = 1
    }
    /* A request for votes: whoever has promised its vote to the master keeps it, and the term. */
#ifdef NO_STICKINESS
    :: atomic { !cut && standing && term[2] > term[1] -> term[1] = term[2] }
#endif
    /* A heartbeat of term 1 reaches node 2: followed, or refused with the higher term, which the master must heed. */
    :: atomic {
        !cut ->
        if
        :: term[2] <= term[0] ->
            term[2] = term[0];
            hears2 = 1;
            pre_asked = 0;
            standing = 0
        :: else -> term[0] = term[2]
        fi
    }
    od
}

active proctype oracle()
{
    atomic { term[0] > 1 || term[1] > 1 -> assert(false) }
}
