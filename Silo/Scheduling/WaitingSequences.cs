using System.Diagnostics.CodeAnalysis;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Silo.Sequences;

namespace XLLM.Silo.Scheduling;

/// <summary>Sequences that hold no KV blocks: new ones, and preempted ones that wait for room again.</summary>
/// <param name="order">Which is admitted first.</param>
internal sealed class WaitingSequences(IAdmissionOrder order)
{
    private readonly SortedSet<Sequence> _sequences = new(order);

    /// <summary>Number of sequences.</summary>
    public int Count => _sequences.Count;

    /// <summary>Tokens that they have to compute, as far as was known when each began to wait.</summary>
    public long PendingTokens { get; private set; }

    /// <summary>Pairs of a row and a token that it attends to, for those.</summary>
    public long PendingAttention { get; private set; }

    /// <summary>Adds a sequence at its place.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="cachedTokens">Leading tokens that the prefix cache has now.</param>
    public void Add(Sequence sequence, int cachedTokens = 0)
    {
        if (!_sequences.Add(sequence))
        {
            throw new InvalidOperationException($"sequence {sequence.Id.Value} waits already");
        }

        sequence.ExpectedCachedTokens = cachedTokens;
        Tally(sequence, 1);
    }

    /// <summary>The sequence to admit next.</summary>
    public bool TryPeek([NotNullWhen(true)] out Sequence? sequence)
    {
        sequence = _sequences.Min;
        return sequence is not null;
    }

    /// <summary>Removes a sequence; false if it does not wait.</summary>
    public bool Remove(Sequence sequence)
    {
        if (!_sequences.Remove(sequence))
        {
            return false;
        }

        Tally(sequence, -1);       // waiting sequences do not grow
        return true;
    }

    private void Tally(Sequence sequence, int sign)
    {
        PendingTokens += sign * (sequence.TokenCount - sequence.ExpectedCachedTokens);
        PendingAttention += sign * StepShape.Attended(sequence.ExpectedCachedTokens, sequence.TokenCount);
    }
}
