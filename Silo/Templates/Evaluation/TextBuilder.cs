using System.Text;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Text under construction, within the rendering's bounds.</summary>
internal sealed class TextBuilder(RenderContext context, int maxLength, string name)
{
    private readonly StringBuilder _text = new();

    public TextBuilder(RenderContext context)
        : this(context, context.Limits.MaxTextLength, "a text")
    {
    }

    public RenderContext Context => context;

    public int Length => _text.Length;

    public void Append(string text)
    {
        Reserve(text.Length);
        _text.Append(text);
    }

    public void Append(ReadOnlySpan<char> text)
    {
        Reserve(text.Length);
        _text.Append(text);
    }

    public void Append(char character)
    {
        Reserve(1);
        _text.Append(character);
    }

    public void Append(char character, int count)
    {
        Reserve(count);
        _text.Append(character, count);
    }

    public override string ToString() => _text.ToString();

    private void Reserve(long length)
    {
        if (_text.Length + length > maxLength)
        {
            throw new TemplateFault($"{name} of {_text.Length + length} characters exceeds the bound of {maxLength}");
        }

        context.AllocateText(length);
    }
}
