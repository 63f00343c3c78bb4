using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>An event of several tokens as one event for each token. Pure.</summary>
/// <remarks>
/// Events merge while their reader is away, so their number depends on timing. Cut into tokens it does not: two runs of one generation tell the same
/// events, which is what lets a reader go on at event n of another run (stored responses, sessions whose silo was lost).
/// </remarks>
internal static class TokenPieces
{
    /// <summary>Cuts an event; one that has no <see cref="TokensGenerated.TextLengths"/>, or only one token, stays whole.</summary>
    public static IEnumerable<GenerationEvent> Of(GenerationEvent next)
    {
        if (next is not TokensGenerated tokens || tokens.TextLengths.Length < 2 || tokens.TextLengths.Length != tokens.TokenIds.Length)
        {
            yield return next;
            yield break;
        }

        var text = 0;
        var logprobs = tokens.Logprobs;
        for (var i = 0; i < tokens.TokenIds.Length; i++)
        {
            var isLast = i == tokens.TokenIds.Length - 1;
            var length = isLast ? tokens.Text.Length - text : tokens.TextLengths[i];
            yield return tokens with
            {
                Position = tokens.Position + i,
                TokenIds = [tokens.TokenIds[i]],
                Text = tokens.Text.Substring(text, length),
                TextPosition = tokens.TextPosition + text,

                // The end token has no log probability, so there may be one less than tokens.
                Logprobs = logprobs is null ? null : i < logprobs.Length ? [logprobs[i]] : [],
                TextLengths = [length],
            };
            text += length;
        }
    }
}
