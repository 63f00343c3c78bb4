namespace XLLM.Silo.Templates;

/// <summary>An error while a template runs, before it is known at which line; <see cref="ChatTemplate"/> turns it into a <see cref="ChatTemplateException"/>.</summary>
/// <param name="message">Worded as Python words it, since template authors know those messages.</param>
/// <param name="isRaised">Whether the template itself asked for it with <c>raise_exception</c>; such a message is passed on as it is.</param>
internal sealed class TemplateFault(string message, bool isRaised = false) : Exception(message)
{
    public bool IsRaised { get; } = isRaised;
}
