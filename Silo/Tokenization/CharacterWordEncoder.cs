using System.Runtime.InteropServices;
using System.Text;

namespace XLLM.Silo.Tokenization;

/// <summary>Merges over characters, as SentencePiece-like models do it; characters outside the vocabulary become bytes or the unknown token.</summary>
/// <param name="names">The model's own vocabulary by its written form.</param>
/// <param name="byteTokens">The token of each byte (<c>&lt;0x0A&gt;</c>, -1 where it is missing), or null when the model does not fall back to bytes.</param>
/// <param name="unknown">The unknown token, or null: then what is not in the vocabulary is left out, as the format's original does.</param>
/// <param name="fusesUnknown">Adjacent unknown characters are one token.</param>
/// <param name="wholeWordsFirst">A word that is a token is that token (<c>ignore_merges</c>).</param>
internal sealed class CharacterWordEncoder(
    IReadOnlyDictionary<string, int> names,
    MergeTable merges,
    int[]? byteTokens,
    int? unknown,
    bool fusesUnknown,
    bool wholeWordsFirst) : WordEncoder
{
    private readonly Dictionary<int, int> _characterTokens = CharactersOf(names);

    public override void Encode(ReadOnlySpan<char> word, List<int> output)
    {
        if (wholeWordsFirst && names.TryGetValue(word.ToString(), out var whole))
        {
            output.Add(whole);
            return;
        }

        var start = output.Count;
        var unknownPending = false;
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in word.EnumerateRunes())
        {
            if (_characterTokens.TryGetValue(rune.Value, out var token))
            {
                output.Add(token);
                unknownPending = false;
            }
            else if (!TryAddBytes(bytes[..rune.EncodeToUtf8(bytes)], output) && unknown is { } id)
            {
                if (!unknownPending)
                {
                    output.Add(id);
                }

                unknownPending = fusesUnknown;
            }
        }

        var tokens = CollectionsMarshal.AsSpan(output)[start..];
        CollectionsMarshal.SetCount(output, start + PairMerger.Merge(merges, tokens));
    }

    public override int? FindToken(string written) => names.TryGetValue(written, out var id) ? id : null;

    private bool TryAddBytes(ReadOnlySpan<byte> bytes, List<int> output)
    {
        if (byteTokens is null)
        {
            return false;
        }

        foreach (var value in bytes)
        {
            if (byteTokens[value] < 0)
            {
                return false;
            }
        }

        foreach (var value in bytes)
        {
            output.Add(byteTokens[value]);
        }

        return true;
    }

    private static Dictionary<int, int> CharactersOf(IReadOnlyDictionary<string, int> names)
    {
        var characters = new Dictionary<int, int>();
        foreach (var (name, id) in names)
        {
            if (Rune.DecodeFromUtf16(name, out var rune, out var length) is System.Buffers.OperationStatus.Done && length == name.Length)
            {
                characters.Add(rune.Value, id);
            }
        }

        return characters;
    }
}
