namespace XLLM.Silo.Vision;

/// <summary>Where a picture's tokens stand in a prompt.</summary>
/// <param name="FirstToken">Index of its first token.</param>
/// <param name="Grid">Its patches.</param>
/// <param name="MergeSize">Side of the square of patches that is one token.</param>
internal readonly record struct PicturePlacement(int FirstToken, PictureGrid Grid, int MergeSize)
{
    /// <summary>Its tokens, all in a row.</summary>
    public int Tokens => Grid.Tokens(MergeSize);

    /// <summary>Rows of tokens.</summary>
    public int Rows => Grid.Height / MergeSize;

    /// <summary>Tokens in a row.</summary>
    public int Columns => Grid.Width / MergeSize;

    /// <summary>Index behind its last token.</summary>
    public int End => FirstToken + Tokens;
}
