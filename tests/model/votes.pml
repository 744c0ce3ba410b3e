/* SPDX-License-Identifier: Apache-2.0 */
/* One master per term: votes, disks, crashes, and liars who vote for everybody.
 *
 * The network is the set of all that was ever said: a message may be heard late, often, in any order, or never. So a vote
 * that has left stands for ever, and a candidate has won as soon as enough of them stand, whether it hears them or not.
 * Nodes 0 to N-F-1 are honest; the others ask for every vote and grant every vote. PreVote and leases only decide when
 * somebody stands; here everybody may at any time.
 *
 * Taken away by flags: -DNO_PERSIST a vote leaves before it is durable; -DSMALL_QUORUM one vote fewer elects;
 * -DMAJORITY a bare majority elects, although F lie; -DVOTE_TWICE the vote is not remembered at all. */
#ifndef N
#define N 3
#endif
#ifndef F
#define F 0
#endif
#ifndef TERMS
#define TERMS 3
#endif
#if defined(SMALL_QUORUM)
#define Q ((N + F) / 2)
#elif defined(MAJORITY)
#define Q (N / 2 + 1)
#else
#define Q ((N + F) / 2 + 1)
#endif
#define NOBODY    N
#define AT(t, c)  ((t) * N + (c))
#define BITS(s)   (((s) & 1) + ((s) >> 1 & 1) + ((s) >> 2 & 1) + ((s) >> 3 & 1) + ((s) >> 4 & 1))

byte term[N], vote[N];           /* in memory */
byte disk_term[N], disk_vote[N]; /* what a crash leaves */
bit dirty[N];                    /* memory is ahead of the disk */
bit stands[N];                   /* asks for votes in its term */
byte asked[TERMS + 1];           /* by term: set of candidates whose request is out */
byte granted[(TERMS + 1) * N];   /* by term and candidate: set of voters whose vote is out */
byte won[TERMS + 1];             /* by term: who has a quorum of votes */

inline cast(t, c, voter)
{
    granted[AT(t, c)] = granted[AT(t, c)] | (1 << voter);
    if
    :: BITS(granted[AT(t, c)]) >= Q ->
        assert(won[t] == NOBODY || won[t] == c);
        won[t] = c
    :: else
    fi
}

inline stand(i)
{
    if
    :: term[i] < TERMS ->
        term[i] = term[i] + 1;
        vote[i] = i;
        dirty[i] = 1;
        stands[i] = 1
    :: else
    fi
}

inline disk(i)
{
    disk_term[i] = term[i];
    disk_vote[i] = vote[i];
    dirty[i] = 0
}

#ifdef NO_PERSIST
#define MAY_LEAVE(i) true
#else
#define MAY_LEAVE(i) (!dirty[i])
#endif

/* What memory says may leave: our request with our own vote, or our vote for another. */
inline speak(i)
{
    if
    :: vote[i] != NOBODY && MAY_LEAVE(i) ->
        if
        :: stands[i] && vote[i] == i -> asked[term[i]] = asked[term[i]] | (1 << i)
        :: else
        fi;
        cast(term[i], vote[i], i)
    :: else
    fi
}

/* i hears the request of c for term t. */
inline hear(i, t, c)
{
    if
    :: (asked[t] >> c & 1) && t >= term[i] && c != i ->
        if
        :: t > term[i] ->
            term[i] = t;
            vote[i] = NOBODY;
            stands[i] = 0;
            dirty[i] = 1
        :: else
        fi;
        if
#ifdef VOTE_TWICE
        :: true ->
#else
        :: vote[i] == NOBODY ->
#endif
            vote[i] = c;
            dirty[i] = 1
        :: else
        fi
    :: else
    fi
}

inline crash(i)
{
    term[i] = disk_term[i];
    vote[i] = disk_vote[i];
    dirty[i] = 0;
    stands[i] = 0
}

active proctype world()
{
    byte i, t, c;
    atomic {
        for (i : 0 .. N - 1) {
            vote[i] = NOBODY;
            disk_vote[i] = NOBODY
        }
        for (t : 0 .. TERMS) {
            won[t] = NOBODY;
            for (i : N - F .. N - 1) {
                asked[t] = asked[t] | (1 << i);
                for (c : 0 .. N - 1) {
                    granted[AT(t, c)] = granted[AT(t, c)] | (1 << i)
                }
            }
        }
        i = 0;
        t = 0;
        c = 0
    }
    do
    :: atomic {
        select(i : 0 .. N - F - 1);
        if
        :: true -> stand(i)
        :: true -> disk(i)
        :: true -> speak(i)
        :: true -> crash(i)
        :: true -> select(t : 1 .. TERMS);
            select(c : 0 .. N - 1);
            hear(i, t, c)
        fi;
        i = 0;
        t = 0;
        c = 0
    }
    od
}
