using XLLM.Silo.Sequences;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Engine;

/// <summary>A generation's tokens to text that may be shown: whole characters, and nothing that may still turn out to be a stop string.</summary>
/// <param name="tokenizer">The model's.</param>
/// <param name="skipSpecialTokens">Special tokens give no text.</param>
/// <param name="stops">What ends the text, or null.</param>
/// <param name="includeStopText">Keep what ended it.</param>
internal sealed class OutputText(ITokenizer tokenizer, bool skipSpecialTokens, StopStrings? stops, bool includeStopText)
{
    private readonly IncrementalDecoder _decoder = new(tokenizer, skipSpecialTokens, continuesText: true);
    private char[] _pending = new char[256];
    private int _length;
    private int _held;                          // the last ones, which may be the beginning of a stop string
    private int _taken;                         // the first ones, which the next append drops
    private int _search = StopStrings.Start;

    /// <summary>Adds a token's text.</summary>
    /// <param name="token">The token.</param>
    /// <param name="searches">Whether a stop string may end here; before that many tokens were generated none may.</param>
    /// <returns>The stop string that has ended the text, or null.</returns>
    public string? Append(int token, bool searches) => Append(_decoder.Append(token), searches);

    /// <summary>No more tokens come: what was held back is text after all, and half a character becomes U+FFFD.</summary>
    public void Finish()
    {
        _ = Append(_decoder.Flush(), searches: false);
        _held = 0;
    }

    /// <summary>Takes the text that may be shown now, possibly none. Valid until the next call of any member.</summary>
    public ReadOnlySpan<char> Take()
    {
        // What is held back moves to the front at the next append, so the span stays as it is until then.
        _taken = _length - _held;
        return _pending.AsSpan(0, _taken);
    }

    private string? Append(ReadOnlySpan<char> text, bool searches)
    {
        DropTaken();
        if (_length + text.Length > _pending.Length)
        {
            Array.Resize(ref _pending, Math.Max(_length + text.Length, 2 * _pending.Length));
        }

        foreach (var character in text)
        {
            _pending[_length++] = character;
            if (stops is null || !searches)
            {
                continue;
            }

            _search = stops.Next(_search, character);
            if (stops.Match(_search) is { } match)
            {
                _length -= includeStopText ? 0 : match.Length;
                _held = 0;
                return match;
            }
        }

        _held = stops?.Depth(_search) ?? 0;
        return null;
    }

    private void DropTaken()
    {
        _pending.AsSpan(_taken, _length - _taken).CopyTo(_pending);
        _length -= _taken;
        _taken = 0;
    }
}
