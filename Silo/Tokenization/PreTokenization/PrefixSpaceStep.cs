using System.Text;

namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>Puts a space in front of each piece that has none: the byte-level form's <c>add_prefix_space</c>.</summary>
internal sealed class PrefixSpaceStep : PreTokenizerStep
{
    public override void Apply(ref PreTokenizedText text)
    {
        var builder = new StringBuilder(text.Text.Length + 1);
        var output = text.Spare();
        foreach (var piece in text.Pieces)
        {
            var slice = text.Text[piece.Start..piece.End];
            var start = builder.Length;
            if (slice[0] != ' ')
            {
                builder.Append(' ');
            }

            builder.Append(slice);
            output.Add(new(start, builder.Length));
        }

        text.Replace(builder.ToString());
    }
}
