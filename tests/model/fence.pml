/* SPDX-License-Identifier: Apache-2.0 */
/* Fencing: whatever the network holds back or repeats, and however often the receiver restarts, a correction of an older
 * term is never applied after one of a newer; and one that is applied twice, or again after a restart, harms nothing.
 *
 * A correction says "at your raw reading R cluster time is X": it sets the line. All that were ever sent may arrive at
 * any time and any number of times, while heartbeats of every term do the same. In term t the true line is LINE(t): masters
 * continue it, so that all are the same up to their error; a wrong line is one that no correction ever said.
 *
 * Taken away by flags: -DNO_FENCE the term is not compared; -DNO_DISK a correction is applied before the term is durable;
 * -DADDS a correction is added to the line instead of replacing it. */
#define TERMS   4
#define LINE(t) (10 + (t))

byte sent;              /* terms 1..sent have had a master: its heartbeats and corrections are on the way for ever */
byte term, disk_term;   /* of the receiver */
bit dirty;
byte applied;           /* ghost: the newest term applied in any life */
byte line;              /* 0: none yet */
byte claimed;           /* ghost: what the correction applied last had said */

#ifdef NO_FENCE
#define ACCEPTS(t) true
#elif defined(NO_DISK)
#define ACCEPTS(t) ((t) == term)
#else
#define ACCEPTS(t) ((t) == term && !dirty)
#endif

active proctype world()
{
    byte t;
    do
    :: sent < TERMS -> sent = sent + 1
    /* a heartbeat */
    :: atomic {
        sent > 0 ->
        select(t : 1 .. TERMS);
        if
        :: t <= sent && t > term -> term = t; dirty = 1
        :: else
        fi;
        t = 0
    }
    /* a correction, new or held back, once or again */
    :: atomic {
        sent > 0 ->
        select(t : 1 .. TERMS);
        if
        :: t <= sent && ACCEPTS(t) ->
            assert(t >= applied);
            applied = t;
#ifdef ADDS
            line = line + LINE(t);
#else
            line = LINE(t);
#endif
            claimed = LINE(t);
            assert(line == claimed)
        :: else
        fi;
        t = 0
    }
    :: atomic { disk_term = term; dirty = 0 }
    /* The process is killed and started again: its line may be forgotten, or read back from the page. */
    :: atomic {
        term = disk_term;
        dirty = 0;
        if
        :: line = 0
        :: true
        fi
    }
    od
}
