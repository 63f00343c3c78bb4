namespace XLLM.Silo.Vision;

/// <summary>The patches of one picture: frames of time (1 for a still picture), rows and columns. <c>image_grid_thw</c> of the processors.</summary>
/// <param name="Time">Groups of frames.</param>
/// <param name="Height">Rows of patches, a multiple of the merge size.</param>
/// <param name="Width">Columns of patches, a multiple of the merge size.</param>
internal readonly record struct PictureGrid(int Time, int Height, int Width)
{
    /// <summary>Patches in all: rows of the pixel values.</summary>
    public int Patches => checked(Time * Height * Width);

    /// <summary>Tokens that the picture takes in the prompt: one for each square of <paramref name="mergeSize"/> * <paramref name="mergeSize"/> patches.</summary>
    public int Tokens(int mergeSize) => Patches / (mergeSize * mergeSize);
}
