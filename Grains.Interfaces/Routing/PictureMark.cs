using System.Buffers.Binary;
using XLLM.Grains.Interfaces.Prompts;

namespace XLLM.Grains.Interfaces.Routing;

/// <summary>What of a picture goes into prefix hashes: the tokens that stand for pictures are all alike, so the block in which a picture begins takes its key in.</summary>
/// <remarks>Hashes are chained, so every later block depends on it too, those that the picture reaches into among them.</remarks>
/// <param name="FirstToken">Index in the prompt of its first token.</param>
/// <param name="Key">Names the picture.</param>
public readonly record struct PictureMark(int FirstToken, PictureKey Key)
{
    /// <summary>Bytes of one picture: place in the block (4, little-endian), key (low and high 8, little-endian).</summary>
    public const int Bytes = 20;

    /// <summary>The marks of a prompt's pictures.</summary>
    public static PictureMark[] Of(IReadOnlyList<PromptPicture> pictures) => [.. pictures.Select(picture => new PictureMark(picture.FirstToken, picture.Key))];

    /// <summary>Writes what a block takes in besides its tokens.</summary>
    /// <param name="marks">The prompt's pictures, in order.</param>
    /// <param name="firstToken">Index of the block's first token.</param>
    /// <param name="blockTokens">Tokens of the block.</param>
    /// <param name="to">Room for <see cref="Bytes"/> per token of the block: no two pictures begin at one token.</param>
    /// <returns>Bytes written; 0 for a block in which no picture begins.</returns>
    public static int Write(ReadOnlySpan<PictureMark> marks, int firstToken, int blockTokens, Span<byte> to)
    {
        var written = 0;
        foreach (var mark in marks)
        {
            var place = mark.FirstToken - firstToken;
            if (place >= 0 && place < blockTokens)
            {
                BinaryPrimitives.WriteInt32LittleEndian(to[written..], place);
                BinaryPrimitives.WriteUInt64LittleEndian(to[(written + 4)..], mark.Key.Low);
                BinaryPrimitives.WriteUInt64LittleEndian(to[(written + 12)..], mark.Key.High);
                written += Bytes;
            }
        }

        return written;
    }
}
