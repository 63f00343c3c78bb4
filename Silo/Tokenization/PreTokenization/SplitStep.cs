using XLLM.Silo.Tokenization.Patterns;

namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>Splits each piece at the matches of a pattern.</summary>
/// <param name="invert">What does not match counts as matching, and the other way round.</param>
internal sealed class SplitStep(Pattern pattern, SplitBehavior behavior, bool invert) : PreTokenizerStep
{
    public override void Apply(ref PreTokenizedText text)
    {
        var output = text.Spare();
        foreach (var piece in text.Pieces)
        {
            var writer = new SplitWriter(output, behavior, invert, piece.Start);

            // A pattern sees its piece alone: what stands around it is no context for look-around.
            var matcher = new PatternMatcher(text.Text[piece.Start..piece.End]);
            try
            {
                var done = 0;
                var from = 0;
                while (from <= piece.Length && pattern.TryFind(ref matcher, from, out var start, out var end))
                {
                    writer.Add(done, start, isMatch: false);
                    writer.Add(start, end, isMatch: true);
                    done = end;
                    from = end > start ? end : end + matcher.LengthAt(end);
                }

                writer.Add(done, piece.Length, isMatch: false);
            }
            finally
            {
                matcher.Dispose();
            }

            writer.Finish();
        }

        text.Replace();
    }
}
