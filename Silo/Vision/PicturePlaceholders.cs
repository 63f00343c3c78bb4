namespace XLLM.Silo.Vision;

/// <summary>
/// The tokens that stand for pictures. A chat template writes one for each picture (<c>&lt;|image_pad|&gt;</c> in Qwen, <c>&lt;|image|&gt;</c> in GLM,
/// <c>image_token_id</c> in config.json); the model needs as many as the picture has tokens, and puts the encoder's results in their place.
/// </summary>
internal static class PicturePlaceholders
{
    /// <summary>Repeats each placeholder for its picture.</summary>
    /// <param name="tokens">The prompt, one placeholder for each picture.</param>
    /// <param name="placeholder">The token that stands for a picture.</param>
    /// <param name="grids">The pictures, in order.</param>
    /// <param name="mergeSize">Side of the square of patches that is one token.</param>
    /// <returns>The longer prompt, and where the pictures stand in it.</returns>
    /// <exception cref="PictureException">Not as many placeholders as pictures: one was written by hand, or the template knows no pictures.</exception>
    public static (int[] Tokens, PicturePlacement[] Pictures) Expand(ReadOnlySpan<int> tokens, int placeholder, IReadOnlyList<PictureGrid> grids, int mergeSize)
    {
        var found = tokens.Count(placeholder);
        if (found != grids.Count)
        {
            throw new PictureException($"the prompt has {found} places for pictures, but {grids.Count} pictures came with it");
        }

        var result = new int[checked(tokens.Length - found + grids.Sum(grid => grid.Tokens(mergeSize)))];
        var pictures = new PicturePlacement[found];
        var (place, picture) = (0, 0);
        foreach (var token in tokens)
        {
            if (token != placeholder)
            {
                result[place++] = token;
                continue;
            }

            pictures[picture] = new PicturePlacement(place, grids[picture], mergeSize);
            result.AsSpan(place, pictures[picture].Tokens).Fill(placeholder);
            place = pictures[picture++].End;
        }

        return (result, pictures);
    }

    /// <summary>Finds the pictures in a prompt whose placeholders are repeated already: one that is resumed from its tokens.</summary>
    /// <param name="tokens">The prompt, as <see cref="Expand"/> gives it.</param>
    /// <param name="placeholder">The token that stands for pictures.</param>
    /// <param name="grids">The pictures, in order.</param>
    /// <param name="mergeSize">Side of the square of patches that is one token.</param>
    /// <exception cref="PictureException">The placeholders are not those of the pictures.</exception>
    public static PicturePlacement[] Locate(ReadOnlySpan<int> tokens, int placeholder, IReadOnlyList<PictureGrid> grids, int mergeSize)
    {
        var pictures = new PicturePlacement[grids.Count];
        var place = 0;
        for (var picture = 0; picture < pictures.Length; picture++)
        {
            var next = tokens[place..].IndexOf(placeholder);
            if (next < 0)
            {
                throw new PictureException($"the prompt has tokens of {picture} pictures, but {grids.Count} pictures came with it");
            }

            pictures[picture] = new PicturePlacement(place + next, grids[picture], mergeSize);
            var run = tokens[pictures[picture].FirstToken..];
            var other = run.IndexOfAnyExcept(placeholder);
            var length = other < 0 ? run.Length : other;
            if (length < pictures[picture].Tokens)
            {
                throw new PictureException($"picture {picture + 1} has {pictures[picture].Tokens} tokens, but the prompt has {length} places for it at token {pictures[picture].FirstToken}");
            }

            place = pictures[picture].End;
        }

        var left = tokens[place..].Count(placeholder);
        return left == 0 ? pictures : throw new PictureException($"the prompt has {left} places for pictures more than its {grids.Count} pictures fill");
    }
}
