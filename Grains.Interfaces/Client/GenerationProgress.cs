using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>What a reader already has of a generation. Decides what is new in an event, so that every token and every character is told exactly once, whichever replicas told them. Pure.</summary>
internal sealed class GenerationProgress
{
    private readonly List<int> _tokens = [];

    /// <summary>Tokens so far.</summary>
    public int Tokens => _tokens.Count;

    /// <summary>UTF-16 units of text so far.</summary>
    public int TextLength { get; private set; }

    /// <summary>The tokens so far, for a resume.</summary>
    public int[] ToArray() => [.. _tokens];

    /// <summary>Takes an event in; returns what of it is new, the event itself if all of it is, or null if nothing is.</summary>
    /// <exception cref="GenerationGapException">The event leaves out tokens or text; nothing was taken in.</exception>
    public TokensGenerated? Accept(TokensGenerated next)
    {
        if (next.Position > Tokens || next.TextPosition > TextLength)
        {
            throw new GenerationGapException(
                $"a replica went on at token {next.Position} and text unit {next.TextPosition}, but only {Tokens} tokens and {TextLength} text units came before");
        }

        var knownTokens = Math.Min(Tokens - next.Position, next.TokenIds.Length);
        var knownText = Math.Min(TextLength - next.TextPosition, next.Text.Length);
        if (knownTokens == next.TokenIds.Length && knownText == next.Text.Length)
        {
            return null;
        }

        var fresh = next.Position == Tokens && next.TextPosition == TextLength
            ? next
            : next with
            {
                Position = Tokens,
                TokenIds = next.TokenIds[knownTokens..],
                TextPosition = TextLength,
                Text = next.Text[knownText..],
                Logprobs = next.Logprobs?[knownTokens..],
                TextLengths = Fresh(next.TextLengths, knownTokens, knownText),
            };
        _tokens.AddRange(fresh.TokenIds);
        TextLength += fresh.Text.Length;
        return fresh;
    }

    /// <summary>What is left of the tokens' texts: known text is cut off in front, and new text of a known token goes to the first new one.</summary>
    private static int[] Fresh(int[] lengths, int knownTokens, int knownText)
    {
        if (lengths.Length <= knownTokens)
        {
            return [];
        }

        var fresh = lengths[knownTokens..];
        var carried = 0;
        for (var i = 0; i < lengths.Length; i++)
        {
            var known = Math.Min(lengths[i], knownText);
            knownText -= known;
            if (i < knownTokens)
            {
                carried += lengths[i] - known;
            }
            else
            {
                fresh[i - knownTokens] = lengths[i] - known;
            }
        }

        fresh[0] += carried;
        return fresh;
    }
}

/// <summary>A replica skipped tokens or text: its answer cannot be joined to what the reader has.</summary>
internal sealed class GenerationGapException(string message) : Exception(message);
