using System.Text;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Library;
using XLLM.Silo.Templates.Strings;

namespace XLLM.Silo.Templates.Values;

/// <summary>A text. Its items are Unicode code points, as Python counts them, not UTF-16 units.</summary>
/// <param name="text">The characters.</param>
/// <param name="isMarkup">Whether it is HTML already: joined with other text it escapes that.</param>
internal sealed class TextValue(string text, bool isMarkup = false) : Value
{
    // Where each code point starts, for texts that hold surrogates; empty for those that hold none; found when first needed.
    private int[]? _starts;

    public string Text { get; } = text;

    public bool IsMarkup { get; } = isMarkup;

    public override string TypeName => IsMarkup ? "Markup" : "str";

    public override bool IsTrue => Text.Length > 0;

    public override bool IsIterable => true;

    public override bool IsReversible => true;

    public override bool HasItems => true;

    /// <summary>The number of code points.</summary>
    public int Length => Starts is { Length: > 0 } starts ? starts.Length - 1 : Text.Length;

    private int[] Starts => _starts ??= Text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? [] : FindStarts();

    /// <summary>The UTF-16 index of a code point.</summary>
    public int Offset(int codePoint) => Starts is { Length: > 0 } starts ? starts[codePoint] : codePoint;

    /// <summary>The code point at a UTF-16 index.</summary>
    public int Index(int offset)
    {
        if (Starts is not { Length: > 0 } starts)
        {
            return offset;
        }

        var index = Array.BinarySearch(starts, offset);
        return index >= 0 ? index : ~index - 1;
    }

    public override bool TryGetLength(out int length)
    {
        length = Length;
        return true;
    }

    public override IEnumerator<Value> Iterate(RenderContext context)
    {
        for (var i = 0; i < Text.Length;)
        {
            var length = char.IsHighSurrogate(Text[i]) && i + 1 < Text.Length && char.IsLowSurrogate(Text[i + 1]) ? 2 : 1;
            yield return new TextValue(Text.Substring(i, length));
            i += length;
        }
    }

    public override IEnumerator<Value> IterateReversed(RenderContext context)
    {
        for (var i = Length - 1; i >= 0; i--)
        {
            yield return At(i);
        }
    }

    public override Value? GetItem(RenderContext context, Value key)
    {
        if (!IntegerValue.TryGet(key, out var index))
        {
            return null;
        }

        var length = Length;
        index = index.Sign < 0 ? index + length : index;
        return index.Sign >= 0 && index < length ? At((int)index) : null;
    }

    public override Value Slice(RenderContext context, Slice slice)
    {
        var (start, step, count) = slice.Resolve(Length);
        context.AllocateText(count);
        if (step == 1)
        {
            return new TextValue(Text[Offset(start)..Offset(start + count)], IsMarkup);
        }

        var result = new StringBuilder();
        for (long i = 0, at = start; i < count; i++, at += step)
        {
            result.Append(Text, Offset((int)at), Offset((int)at + 1) - Offset((int)at));
        }

        return new TextValue(result.ToString(), IsMarkup);
    }

    public override bool Contains(RenderContext context, Value item)
    {
        if (item is not TextValue text)
        {
            throw new TemplateFault($"'in <string>' requires string as left operand, not {item.TypeName}");
        }

        context.Work(Text.Length + text.Text.Length);
        return TextSearch.IndexOf(Text, text.Text, 0) >= 0;
    }

    public override Value? GetAttribute(RenderContext context, string name) => TextMethods.Find(this, name);

    public override void WriteText(TextBuilder builder) => builder.Append(Text);

    public override void WriteRepresentation(TextBuilder builder)
    {
        builder.Context.Work(Text.Length);
        var quoted = Characters.Quote(Text);
        builder.Append(IsMarkup ? $"Markup({quoted})" : quoted);
    }

    private TextValue At(int codePoint) => new(Text[Offset(codePoint)..Offset(codePoint + 1)], IsMarkup);

    private int[] FindStarts()
    {
        var starts = new List<int>(Text.Length + 1);
        for (var i = 0; i < Text.Length; i++)
        {
            starts.Add(i);
            if (char.IsHighSurrogate(Text[i]) && i + 1 < Text.Length && char.IsLowSurrogate(Text[i + 1]))
            {
                i++;
            }
        }

        starts.Add(Text.Length);
        return [.. starts];
    }
}
