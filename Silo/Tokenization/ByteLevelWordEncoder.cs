using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace XLLM.Silo.Tokenization;

/// <summary>Merges over bytes: every text can be encoded, whatever its script.</summary>
/// <param name="index">The model's own vocabulary by bytes; added tokens are not in it.</param>
/// <param name="wholeWordsFirst">A word that is a token is that token, even where merges would not lead there (<c>ignore_merges</c>).</param>
/// <param name="readsByteAlphabet">Words come in the byte alphabet already (<see cref="PreTokenization.ByteAlphabetStep"/>).</param>
/// <param name="namesInByteAlphabet">Whether the vocabulary's written form is the byte alphabet, or plain text as in rank files.</param>
/// <param name="oddNames">Tokens whose written form is not of the byte alphabet; the merges never lead to them.</param>
internal sealed class ByteLevelWordEncoder(
    VocabularyIndex index,
    MergeTable merges,
    bool wholeWordsFirst,
    bool readsByteAlphabet,
    bool namesInByteAlphabet,
    IReadOnlyDictionary<string, int> oddNames) : WordEncoder
{
    /// <summary>The token of each single byte, or -1 where the vocabulary lacks it: such a byte is left out, as the format's original does.</summary>
    private readonly int[] _byteTokens = [.. Enumerable.Range(0, 256).Select(value => index.Find([(byte)value]))];

    public override void Encode(ReadOnlySpan<char> word, List<int> output)
    {
        byte[]? rented = null;
        var longest = Encoding.UTF8.GetMaxByteCount(word.Length);
        var buffer = longest <= 512 ? stackalloc byte[512] : rented = ArrayPool<byte>.Shared.Rent(longest);
        EncodeBytes(buffer[..ToBytes(word, buffer)], output);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    public override int? FindToken(string written)
    {
        if (oddNames.TryGetValue(written, out var odd))
        {
            return odd;
        }

        var bytes = namesInByteAlphabet ? ByteAlphabet.TryParse(written) : Encoding.UTF8.GetBytes(written);
        return bytes is not null && index.Find(bytes) is var id and >= 0 ? id : null;
    }

    private int ToBytes(ReadOnlySpan<char> word, Span<byte> buffer)
    {
        if (!readsByteAlphabet)
        {
            return Encoding.UTF8.GetBytes(word, buffer);
        }

        for (var i = 0; i < word.Length; i++)
        {
            buffer[i] = (byte)ByteAlphabet.ToByte(word[i]);
        }

        return word.Length;
    }

    private void EncodeBytes(ReadOnlySpan<byte> bytes, List<int> output)
    {
        if ((wholeWordsFirst || bytes.Length == 1) && index.Find(bytes) is var id and >= 0)
        {
            output.Add(id);
            return;
        }

        var start = output.Count;
        CollectionsMarshal.SetCount(output, start + bytes.Length);
        var tokens = CollectionsMarshal.AsSpan(output)[start..];
        var count = 0;
        foreach (var value in bytes)
        {
            if (_byteTokens[value] is var token and >= 0)
            {
                tokens[count++] = token;
            }
        }

        CollectionsMarshal.SetCount(output, start + PairMerger.Merge(merges, tokens[..count]));
    }
}
