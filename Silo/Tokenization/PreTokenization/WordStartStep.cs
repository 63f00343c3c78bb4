namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>
/// Cuts each piece in front of every mark that follows something else. Added by the loader for models without a pre-tokenizer, where it
/// changes no result because no merge leads across such a place: it turns one word of the text's whole length into words that the cache knows.
/// </summary>
internal sealed class WordStartStep(char mark) : PreTokenizerStep
{
    /// <summary>Whether a token spans a place at which this step cuts.</summary>
    public static bool Spans(string written, char mark)
    {
        for (var i = 1; i < written.Length; i++)
        {
            if (written[i] == mark && written[i - 1] != mark)
            {
                return true;
            }
        }

        return false;
    }

    public override void Apply(ref PreTokenizedText text)
    {
        var output = text.Spare();
        foreach (var piece in text.Pieces)
        {
            var start = piece.Start;
            for (var i = piece.Start + 1; i < piece.End; i++)
            {
                if (text.Text[i] == mark && text.Text[i - 1] != mark)
                {
                    output.Add(new(start, i));
                    start = i;
                }
            }

            output.Add(new(start, piece.End));
        }

        text.Replace();
    }
}
