namespace XLLM.Silo.Tokenization;

/// <summary>A tokenizer file is damaged or asks for something that is not supported, or a text cannot be encoded with it.</summary>
/// <param name="file">The file, or another name for what was read.</param>
/// <param name="field">Where in it, such as <c>pre_tokenizer.pretokenizers[1].type</c> or <c>line 12</c>.</param>
/// <param name="problem">What is wrong there, with the value found and what would be right.</param>
internal sealed class TokenizerException(string file, string field, string problem, Exception? inner = null)
    : Exception($"{file}: {field}: {problem}", inner)
{
    public string File { get; } = file;

    public string Field { get; } = field;
}
