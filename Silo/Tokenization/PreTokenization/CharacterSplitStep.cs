using XLLM.Silo.Tokenization.Patterns;

namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>Splits each piece at every code point of a set: digits, punctuation, white space.</summary>
internal sealed class CharacterSplitStep(CodePointSet set, SplitBehavior behavior) : PreTokenizerStep
{
    public override void Apply(ref PreTokenizedText text)
    {
        var output = text.Spare();
        foreach (var piece in text.Pieces)
        {
            var writer = new SplitWriter(output, behavior, invert: false, piece.Start);
            var slice = text.Text[piece.Start..piece.End];
            var done = 0;
            var position = 0;
            foreach (var rune in slice.EnumerateRunes())
            {
                var next = position + rune.Utf16SequenceLength;
                if (set.Contains(rune.Value))
                {
                    writer.Add(done, position, isMatch: false);
                    writer.Add(position, next, isMatch: true);
                    done = next;
                }

                position = next;
            }

            writer.Add(done, slice.Length, isMatch: false);
            writer.Finish();
        }

        text.Replace();
    }
}
