using System.Text;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Finds a tag in text that comes character by character. White space and beginnings of the tag are held back until it is certain what they are; white space before the tag is not text.</summary>
internal sealed class TagScanner
{
    private readonly string _tag;
    private readonly TextSink _text;
    private readonly StringBuilder _held = new();
    private int _matched;
    private bool _skipWhiteSpace;

    /// <summary>Creates one.</summary>
    /// <param name="tag">Its first character appears in it once: a mismatch then needs no look back further than this character.</param>
    /// <param name="text">Takes text that is certain not to be the tag.</param>
    public TagScanner(string tag, TextSink text)
    {
        if (tag.LastIndexOf(tag[0]) != 0)
        {
            throw new ArgumentException($"the first character of tag '{tag}' appears in it again", nameof(tag));
        }

        _tag = tag;
        _text = text;
    }

    /// <summary>Takes text.</summary>
    public delegate void TextSink(ReadOnlySpan<char> text);

    /// <summary>Drops white space until the next other character.</summary>
    public void SkipWhiteSpace() => _skipWhiteSpace = true;

    /// <summary>Reads a character; true if it completes the tag. What was held back then waits for <see cref="Release"/> or <see cref="Drop"/>.</summary>
    public bool Push(char next)
    {
        if (_matched > 0 && next != _tag[_matched])
        {
            Release();
        }

        if (next == _tag[_matched])
        {
            _held.Append(next);
            _matched++;
            return _matched == _tag.Length;
        }

        if (!char.IsWhiteSpace(next))
        {
            Release();
            _skipWhiteSpace = false;
            _text([next]);
        }
        else if (!_skipWhiteSpace)
        {
            _held.Append(next);
        }

        return false;
    }

    /// <summary>What was held back is text.</summary>
    public void Release()
    {
        if (_held.Length > 0)
        {
            _skipWhiteSpace &= _matched == 0;
            _text(_held.ToString());
        }

        Drop();
    }

    /// <summary>What was held back is not text.</summary>
    public void Drop()
    {
        _held.Clear();
        _matched = 0;
    }
}
