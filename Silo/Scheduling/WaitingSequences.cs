using System.Diagnostics.CodeAnalysis;
using XLLM.Silo.Sequences;

namespace XLLM.Silo.Scheduling;

/// <summary>Sequences that hold no KV blocks: new ones, and preempted ones that wait for room again.</summary>
/// <param name="order">Which is admitted first.</param>
internal sealed class WaitingSequences(IAdmissionOrder order)
{
    private readonly SortedSet<Sequence> _sequences = new(order);

    /// <summary>Number of sequences.</summary>
    public int Count => _sequences.Count;

    /// <summary>Tokens that they have to compute.</summary>
    public long PendingTokens { get; private set; }

    /// <summary>Adds a sequence at its place.</summary>
    public void Add(Sequence sequence)
    {
        if (!_sequences.Add(sequence))
        {
            throw new InvalidOperationException($"sequence {sequence.Id.Value} waits already");
        }

        PendingTokens += sequence.TokenCount;
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

        PendingTokens -= sequence.TokenCount;       // waiting sequences do not grow
        return true;
    }
}
