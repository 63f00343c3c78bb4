namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>A stretch of a text, in UTF-16 units, that is encoded by itself.</summary>
internal readonly record struct TextPiece(int Start, int End)
{
    public int Length => End - Start;
}
