namespace XLLM.Silo.Vision;

/// <summary>One picture, ready for the encoder.</summary>
/// <param name="PixelValues">[patches, channels * frames * patch side * patch side], float32, in the order of <see cref="PatchLayout"/>.</param>
/// <param name="Grid">Its patches.</param>
/// <param name="Tokens">Tokens that it takes in the prompt.</param>
/// <param name="Hash">Names its content as the encoder sees it.</param>
internal sealed record ProcessedPicture(float[] PixelValues, PictureGrid Grid, int Tokens, PictureHash Hash);
