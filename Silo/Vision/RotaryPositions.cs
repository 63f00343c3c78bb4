namespace XLLM.Silo.Vision;

/// <summary>Three rotary positions for each token of a prompt with pictures: time, row and column (M-RoPE).</summary>
/// <remarks>
/// Text counts on in all three. A picture that begins at position p has time p, rows p, p + 1, ... and columns p, p + 1, ...; the text after it goes on
/// at p + the longer of its sides, so that positions grow slower than tokens. The same for Qwen2-VL, Qwen2.5-VL, Qwen3-VL, Qwen3.5 and GLM-4V:
/// they differ in videos, and in which dimensions of a head turn by which of the three. Source: Wang et al. 2024 (arXiv:2409.12191) section 2.1.
/// </remarks>
internal sealed class RotaryPositions
{
    /// <summary>Positions of a token.</summary>
    public const int Axes = 3;

    private readonly int[] _positions;

    private RotaryPositions(int[] positions, int delta) => (_positions, Delta) = (positions, delta);

    /// <summary>Tokens that have positions here.</summary>
    public int Tokens => _positions.Length / Axes;

    /// <summary>What a token after the prompt adds to its index to get its position, the same in all three axes. Never positive.</summary>
    public int Delta { get; }

    /// <summary>[3, tokens]: time of every token, then row, then column.</summary>
    public ReadOnlySpan<int> All => _positions;

    /// <summary>[tokens]: one axis; 0 is time, 1 row, 2 column.</summary>
    public ReadOnlySpan<int> Axis(int axis) => _positions.AsSpan(axis * Tokens, Tokens);

    /// <summary>The position of a token of the prompt or of one generated after it.</summary>
    /// <param name="axis">0 is time, 1 row, 2 column.</param>
    /// <param name="token">Index from the start of the prompt.</param>
    public int At(int axis, int token) => token < Tokens ? _positions[(axis * Tokens) + token] : token + Delta;

    /// <summary>Computes the positions of a prompt.</summary>
    /// <param name="tokens">Its length, with all tokens of its pictures.</param>
    /// <param name="pictures">Its pictures, in order, not overlapping.</param>
    /// <exception cref="ArgumentException">A picture lies outside the prompt or inside another.</exception>
    public static RotaryPositions Of(int tokens, IReadOnlyList<PicturePlacement> pictures)
    {
        var positions = new int[checked(Axes * tokens)];
        var (token, next) = (0, 0);
        foreach (var picture in pictures)
        {
            if (picture.FirstToken < token || picture.End > tokens)
            {
                throw new ArgumentException($"a picture takes tokens {picture.FirstToken} to {picture.End}, but {token} to {tokens} are free", nameof(pictures));
            }

            next = Text(positions, tokens, token, picture.FirstToken, next);
            for (var i = 0; i < picture.Tokens; i++)
            {
                var within = i % (picture.Rows * picture.Columns);
                token = picture.FirstToken + i;
                positions[token] = next + (i / (picture.Rows * picture.Columns));
                positions[tokens + token] = next + (within / picture.Columns);
                positions[(2 * tokens) + token] = next + (within % picture.Columns);
            }

            token = picture.End;
            next += Math.Max(picture.Rows, picture.Columns);
        }

        next = Text(positions, tokens, token, tokens, next);
        return new RotaryPositions(positions, next - tokens);
    }

    private static int Text(int[] positions, int tokens, int from, int to, int next)
    {
        for (var token = from; token < to; token++, next++)
        {
            for (var axis = 0; axis < Axes; axis++)
            {
                positions[(axis * tokens) + token] = next;
            }
        }

        return next;
    }
}
