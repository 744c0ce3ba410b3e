/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: two masters never hold one at the same moment, and a minority's master not for long.
 *
 * Three nodes, two of which may be master. Time passes in ticks; timers count down, so that runs need no end. All times are
 * as they truly pass for the worst clocks: a holder's clock is slow (a lease of L lasts L+D), a voter's is fast (a
 * promise of L+M lasts L+M-D). So the margin M has to be 2*D. A heartbeat may be under way for as long as it likes.
 * Voters may crash; then their promises are forgotten. Terms order what the votes.pml model proves.
 *
 * Taken away by flags: -DNO_MARGIN; -DNO_SILENCE a restarted voter votes at once; -DFROM_ACK the holder counts from when
 * it hears the acknowledgement and not from send; -DSMALL_QUORUM one vote elects; -DNO_PROMISE voters do not keep it;
 * -DNO_OWN_PROMISE they keep it towards others, and vote for themselves. */
#define L 2
#define D 1
#ifdef NO_MARGIN
#define M 0
#else
#define M (2 * D)
#endif
#define PROMISE (L + M - D)
#define LEASE   (L + D)
#define TERMS   3
#define NOBODY  3
#ifdef SMALL_QUORUM
#define OTHERS 0
#else
#define OTHERS 1
#endif

byte term[3], vote[3];        /* durable: a crash keeps them (votes.pml shows why that matters) */
byte promised[3], promise[3]; /* to whom, and ticks left */
byte silent[3];               /* ticks left after a start */
bit master[2];
byte own[2];                  /* term in which it is master or stands */
byte ayes[2];                 /* votes of others that it has */
bit beat[2];                  /* a heartbeat is under way */
byte age[2];                  /* ticks since it was sent */
bit acked[2];                 /* a promise for it is under way back */
byte lease[2];                /* ticks left */
bit cut;                      /* node 0 is apart from the others */
byte cut_left;                /* ticks in which it may still hold its lease */

#define APART(a, b) (cut && ((a) == 0 || (b) == 0) && (a) != (b))
#define DOWN(x)     x = (x > 0 -> x - 1 : 0)

inline tick()
{
    for (i : 0 .. 2) {
        DOWN(promise[i]);
        DOWN(silent[i])
    }
    for (i : 0 .. 1) {
        DOWN(lease[i]);
        if
        :: beat[i] && age[i] < LEASE -> age[i] = age[i] + 1
        :: else
        fi
    }
    DOWN(cut_left)
}

/* i may have v's vote for a new term: nothing that v promised stands against it. */
#ifdef NO_PROMISE
#define FREE(v, i) (silent[v] == 0)
#else
#define FREE(v, i) (silent[v] == 0 && (promise[v] == 0 || promised[v] == i) && (v > 1 || v == i || lease[v] == 0 || !master[v]))
#endif

#ifdef NO_OWN_PROMISE
#define FREE_FOR_ITSELF(i) (silent[i] == 0)
#else
#define FREE_FOR_ITSELF(i) FREE(i, i)
#endif

inline stand(i)
{
    if
    :: term[i] < TERMS && !master[i] && FREE_FOR_ITSELF(i) ->
        term[i] = term[i] + 1;
        vote[i] = i;
        own[i] = term[i];
        ayes[i] = 0;
        beat[i] = 0;
        acked[i] = 0;
        age[i] = 0
    :: else
    fi
}

inline ask(i, v)
{
    if
    :: own[i] > 0 && own[i] == term[i] && !master[i] && v != i && !APART(i, v) && FREE(v, i) &&
        (own[i] > term[v] || (own[i] == term[v] && vote[v] == NOBODY)) ->
        if
        :: v < 2 -> master[v] = 0; lease[v] = 0 /* hears of a higher term */
        :: else
        fi;
        term[v] = own[i];
        vote[v] = i;
        ayes[i] = ayes[i] + 1
    :: else
    fi
}

inline win(i)
{
    if
    :: own[i] > 0 && own[i] == term[i] && vote[i] == i && ayes[i] >= OTHERS -> master[i] = 1
    :: else
    fi
}

inline send(i)
{
    if
    :: master[i] -> beat[i] = 1; age[i] = 0; acked[i] = 0
    :: else
    fi
}

/* v hears i's heartbeat and promises; its acknowledgement is under way. */
inline hear(i, v)
{
    if
    :: beat[i] && v != i && !APART(i, v) && own[i] >= term[v] ->
        term[v] = own[i];
        vote[v] = (vote[v] == NOBODY || own[i] > term[v] -> i : vote[v]);
        promised[v] = i;
        promise[v] = PROMISE;
        if
        :: v < 2 -> master[v] = 0; lease[v] = 0
        :: else
        fi;
        acked[i] = 1
    :: else
    fi
}

/* i hears the acknowledgement of its newest heartbeat; of an older one it would only give a shorter lease. */
inline learn(i)
{
    if
    :: master[i] && acked[i] ->
        acked[i] = 0;
#ifdef FROM_ACK
        lease[i] = LEASE
#else
        lease[i] = (LEASE - age[i] > lease[i] -> LEASE - age[i] : lease[i])
#endif
    :: else
    fi
}

inline crash(i)
{
    promise[i] = 0;
    promised[i] = 0;
#ifndef NO_SILENCE
    silent[i] = PROMISE;
#endif
    if
    :: i < 2 -> master[i] = 0; own[i] = 0; lease[i] = 0; beat[i] = 0; age[i] = 0; acked[i] = 0; ayes[i] = 0
    :: else
    fi
}

active proctype world()
{
    byte i, v;
    atomic {
        for (i : 0 .. 2) { vote[i] = NOBODY }
        i = 0
    }
    do
    :: atomic {
        if
        :: tick()
        :: select(i : 0 .. 1); stand(i)
        :: select(i : 0 .. 1); select(v : 0 .. 2); ask(i, v)
        :: select(i : 0 .. 1); win(i)
        :: select(i : 0 .. 1); send(i)
        :: select(i : 0 .. 1); select(v : 0 .. 2); hear(i, v)
        :: select(i : 0 .. 1); learn(i)
        :: select(i : 0 .. 2); crash(i)
        :: cut = !cut; cut_left = (cut -> LEASE : 0)
        fi;
        i = 0;
        v = 0;
        assert(!(lease[0] > 0 && lease[1] > 0));
        assert(!(cut && cut_left == 0 && lease[0] > 0))
    }
    od
}
