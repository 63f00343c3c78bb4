using System.Text;

namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>SentencePiece's view of spaces: each becomes a visible mark, which begins a word.</summary>
/// <param name="mark">Usually U+2581.</param>
/// <param name="scheme">Where a mark is put in front of a piece that has none.</param>
/// <param name="split">Whether each mark begins a new piece.</param>
internal sealed class MetaspaceStep(char mark, PrependScheme scheme, bool split) : PreTokenizerStep
{
    public override void Apply(ref PreTokenizedText text)
    {
        var builder = new StringBuilder(text.Text.Length + 1);
        var output = text.Spare();
        foreach (var piece in text.Pieces)
        {
            var slice = text.Text[piece.Start..piece.End];
            var start = builder.Length;
            var prepends = scheme switch
            {
                PrependScheme.Always => true,
                PrependScheme.First => text.IsTextStart && piece.Start == 0,
                _ => false,
            };
            if (prepends && slice[0] != mark && slice[0] != ' ')
            {
                builder.Append(mark);
            }

            builder.Append(slice);
            builder.Replace(' ', mark, start, builder.Length - start);
            AddPieces(builder, start, output);
        }

        text.Replace(builder.ToString());
    }

    private void AddPieces(StringBuilder builder, int start, List<TextPiece> output)
    {
        if (!split)
        {
            output.Add(new(start, builder.Length));
            return;
        }

        var position = start;
        var pieceStart = start;
        foreach (var character in builder.ToString(start, builder.Length - start))
        {
            if (character == mark && position > pieceStart)
            {
                output.Add(new(pieceStart, position));
                pieceStart = position;
            }

            position++;
        }

        output.Add(new(pieceStart, position));
    }
}

/// <summary>Where SentencePiece's mark is put in front of a text that does not begin with a space.</summary>
internal enum PrependScheme
{
    /// <summary>In front of each piece.</summary>
    Always,

    /// <summary>At the beginning of the caller's text alone.</summary>
    First,

    Never,
}
