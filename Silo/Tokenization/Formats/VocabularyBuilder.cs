using System.Text;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Collects the tokens of a vocabulary and of the added tokens while files are read.</summary>
internal sealed class VocabularyBuilder
{
    private readonly List<byte[]?> _tokens = [];

    /// <summary>Sets a token's bytes.</summary>
    /// <returns>A problem to report at the field, or null.</returns>
    public string? TrySet(int id, byte[] bytes)
    {
        if (id is < 0 or > Vocabulary.LargestId)
        {
            return $"the id {id} is outside 0 to {Vocabulary.LargestId}";
        }

        while (_tokens.Count <= id)
        {
            _tokens.Add(null);
        }

        _tokens[id] = bytes;
        return null;
    }

    public bool Has(int id) => id >= 0 && id < _tokens.Count && _tokens[id] is not null;

    /// <summary>Adds the added tokens and freezes the vocabulary.</summary>
    /// <param name="decode">How an added token's text becomes bytes; left out, it stands for itself.</param>
    public Vocabulary Build(string file, IEnumerable<AddedToken> addedTokens, Func<string, byte[]>? decode = null)
    {
        decode ??= Encoding.UTF8.GetBytes;
        foreach (var token in addedTokens)
        {
            if (TrySet(token.Id, decode(token.Content)) is { } problem)
            {
                throw new TokenizerException(file, $"added token \"{token.Content}\"", problem);
            }
        }

        return new(_tokens);
    }
}
