using System.Text;

namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>
/// Rewrites each piece into the byte alphabet (<see cref="ByteAlphabet"/>). Needed only where another step comes behind the byte-level one
/// and so sees the alphabet's characters instead of the text's; otherwise the model takes the bytes straight from the text.
/// </summary>
internal sealed class ByteAlphabetStep : PreTokenizerStep
{
    public override void Apply(ref PreTokenizedText text)
    {
        var builder = new StringBuilder(text.Text.Length * 2);
        var output = text.Spare();
        Span<byte> bytes = stackalloc byte[4];
        foreach (var piece in text.Pieces)
        {
            var start = builder.Length;
            foreach (var rune in text.Text[piece.Start..piece.End].EnumerateRunes())
            {
                foreach (var value in bytes[..rune.EncodeToUtf8(bytes)])
                {
                    builder.Append(ByteAlphabet.ToCharacter(value));
                }
            }

            output.Add(new(start, builder.Length));
        }

        text.Replace(builder.ToString());
    }
}
