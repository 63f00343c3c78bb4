using System.Runtime.InteropServices;
using XLLM.Silo.KvCache;
using XLLM.Silo.Sequences;

namespace XLLM.Silo.Scheduling;

/// <summary>Decides what the next step computes. Does no I/O, reads no clock, and touches no device.</summary>
/// <remarks>
/// There is no prefill phase and no decode phase: every sequence has some pending tokens and a step grants it some of them.
/// Chunked prefill is a grant smaller than what is pending, decode a grant of one, re-computation after a preemption a grant of what the prefix cache lost.
/// Running sequences come before waiting ones; the first in order is never a victim, so somebody always gets on; a step that preempted admits nobody.
/// A step may be planned while the one before is executing: what that one grants counts as done here (decision D1).
/// </remarks>
/// <param name="blocks">Lends KV blocks.</param>
/// <param name="order">Who goes first.</param>
/// <param name="options">Bounds of a step.</param>
internal sealed class Scheduler(KvBlockManager blocks, IAdmissionOrder order, SchedulerOptions options)
{
    private readonly List<Sequence> _running = new(options.MaxRunningSequences);    // in order
    private readonly WaitingSequences _waiting = new(order);
    private readonly List<Grant> _grants = new(options.MaxRunningSequences);        // reused: a step allocates nothing

    /// <summary>Sequences that hold KV blocks, in order.</summary>
    public IReadOnlyList<Sequence> Running => _running;

    /// <summary>Sequences that wait for room.</summary>
    public int WaitingSequences => _waiting.Count;

    /// <summary>Times that a sequence was preempted.</summary>
    public long Preemptions { get; private set; }

    /// <summary>Tokens whose keys and values are not computed yet, running or waiting.</summary>
    public long PendingTokens
    {
        get
        {
            var pending = _waiting.PendingTokens;
            foreach (var sequence in CollectionsMarshal.AsSpan(_running))
            {
                pending += sequence.TokenCount - sequence.ComputedTokens;
            }

            return pending;
        }
    }

    /// <summary>Queues a sequence, or refuses one that could never run even alone.</summary>
    public bool TryAdd(Sequence sequence)
    {
        if (!blocks.FitsWhenAlone(sequence.MaxTokens))
        {
            return false;
        }

        _waiting.Add(sequence);
        return true;
    }

    /// <summary>Plans one step. The grants stay valid until the next call; there are none if nothing can be computed now.</summary>
    public IReadOnlyList<Grant> PlanStep()
    {
        _grants.Clear();
        var budget = options.MaxTokensPerStep;
        var preempted = GrantRunning(ref budget);
        if (!preempted)
        {
            AdmitWaiting(ref budget);
        }

        return _grants;
    }

    /// <summary>Forgets a sequence that finished or was aborted, running or waiting, and takes its blocks back.</summary>
    public void Retire(Sequence sequence)
    {
        if (!_running.Remove(sequence))
        {
            _waiting.Remove(sequence);
        }

        blocks.Release(sequence.Blocks);
    }

    private bool GrantRunning(ref int budget)
    {
        var before = _running.Count;
        for (var i = 0; i < _running.Count && budget > 0; i++)
        {
            // Every later sequence is left one token, so that a long prompt never stops those that are decoding.
            var sequence = _running[i];
            var later = _running.Count - 1 - i;
            var tokens = UntilStop(sequence, Math.Min(sequence.PendingTokens, Math.Max(1, budget - later)));
            if (tokens > 0 && MakeRoom(sequence, tokens))
            {
                AddGrant(sequence, tokens, ref budget);
            }
        }

        return _running.Count < before;
    }

    private void AdmitWaiting(ref int budget)
    {
        while (budget > 0 && _running.Count < options.MaxRunningSequences && _waiting.TryPeek(out var sequence))
        {
            // Room for all of it, not for its first grant alone: half a prompt that must give way again helps nobody.
            var cached = blocks.FindPrefix(sequence.Prefix, sequence.TokenCount - 1);
            if (sequence.PendingTokens == 0 || !blocks.TryAdmit(sequence.Blocks, sequence.Prefix, cached, sequence.TokenCount))
            {
                return;     // without room, or preempted while the step in flight draws its last token
            }

            _waiting.Remove(sequence);
            sequence.Admit(cached);
            var place = _running.BinarySearch(sequence, order);
            _running.Insert(~place, sequence);
            AddGrant(sequence, UntilStop(sequence, Math.Min(sequence.PendingTokens, budget)), ref budget);
        }
    }

    /// <summary>Frees blocks by preempting the last sequences in order; never one that was already granted tokens in this step.</summary>
    private bool MakeRoom(Sequence sequence, int tokens)
    {
        while (!blocks.TryReserve(sequence.Blocks, sequence.GrantedTokens + tokens))
        {
            var last = _running[^1];        // grants go in order, so the last has none yet
            Preempt(last);
            if (last == sequence)
            {
                return false;
            }
        }

        return true;
    }

    private void Preempt(Sequence sequence)
    {
        _running.RemoveAt(_running.Count - 1);
        blocks.Release(sequence.Blocks);
        sequence.Rewind();
        _waiting.Add(sequence);
        Preemptions++;
    }

    private void AddGrant(Sequence sequence, int tokens, ref int budget)
    {
        _grants.Add(sequence.Grant(tokens));
        KvBlockManager.Granted(sequence.Blocks, sequence.GrantedTokens);
        budget -= tokens;
    }

    /// <summary>A step ends where a recurrent state is to be kept.</summary>
    private static int UntilStop(Sequence sequence, int tokens) => KvBlockManager.UntilStop(sequence.Blocks, sequence.GrantedTokens, tokens);
}
