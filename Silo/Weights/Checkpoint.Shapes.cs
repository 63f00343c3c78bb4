using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

internal sealed partial class Checkpoint
{
    /// <summary>The first of several places that families' exports have used for the same module.</summary>
    /// <param name="probe">A tensor that the module has, below each place.</param>
    /// <param name="places">Names of the places; the first is the published one, and the answer where the tensor is under none or tensors are made on demand.</param>
    public Checkpoint AtFirst(string probe, params ReadOnlySpan<string> places)
    {
        foreach (var place in places)
        {
            if (_ledger.Has(At(place).Full(probe)))
            {
                return At(place);
            }
        }

        return At(places[0]);
    }

    /// <summary>Takes the kernel of a convolution whose strides are its sizes as a matrix: each output is a product with one patch.</summary>
    /// <param name="name">Last part of its name, usually "weight".</param>
    /// <param name="outputs">Its first dimension.</param>
    /// <param name="inputs">Its other dimensions.</param>
    /// <returns>[outputs, product of the others], columns in the order of the dimensions; a view of the file.</returns>
    public Weight Kernel(string name, int outputs, params int[] inputs) =>
        _ledger.TakeShaped(Full(name), [outputs, .. inputs], kernel => [kernel with { Shape = [outputs, inputs.Aggregate((product, side) => product * side)] }])[0];

    /// <summary>As <see cref="Kernel"/>, with the columns of one place of the kernel side by side.</summary>
    /// <param name="name">Last part of its name, usually "weight".</param>
    /// <param name="outputs">Its first dimension.</param>
    /// <param name="channels">Its second.</param>
    /// <param name="side">Its last two.</param>
    /// <returns>[outputs, side * side * channels], a copy: the file has [outputs, channels, side, side].</returns>
    public Weight KernelByPlace(string name, int outputs, int channels, int side) =>
        _ledger.TakeShaped(Full(name), [outputs, channels, side, side], kernel =>
            [(_ledger.Surveys ? kernel : Transposition.OfEach(kernel, outputs, channels, side * side)) with { Shape = [outputs, side * side * channels] }])[0];

    /// <summary>Takes the matrices of all experts of a layer out of one tensor that has them as [expert, inputs, outputs].</summary>
    /// <param name="name">Last part of its name.</param>
    /// <param name="experts">Its first dimension.</param>
    /// <param name="inputs">Its second.</param>
    /// <param name="parts">Outputs of each matrix of an expert, which lie side by side: gate and up, or one.</param>
    /// <returns>By part, then by expert: [outputs, inputs], copies: backends multiply with rows.</returns>
    public Weight[][] ExpertStack(string name, int experts, int inputs, params int[] parts)
    {
        var outputs = parts.Sum();
        var weights = _ledger.TakeShaped(Full(name), [experts, inputs, outputs], stack => Split(_ledger.Surveys ? stack : Transposition.OfEach(stack, experts, inputs, outputs), experts, inputs, parts));
        return [.. Enumerable.Range(0, parts.Length).Select(part => weights.Where((_, i) => i % parts.Length == part).ToArray())];
    }

    /// <summary>As <see cref="ExpertStack"/>, out of a tensor that has them as [expert, outputs, inputs].</summary>
    /// <param name="name">Last part of its name.</param>
    /// <param name="experts">Its first dimension.</param>
    /// <param name="inputs">Its last.</param>
    /// <param name="parts">Outputs of each matrix of an expert, which lie one after the other: gate and up, or one.</param>
    /// <returns>By part, then by expert: [outputs, inputs], views of the file.</returns>
    public Weight[][] ExpertRows(string name, int experts, int inputs, params int[] parts)
    {
        var weights = _ledger.TakeShaped(Full(name), [experts, parts.Sum(), inputs], stack => Split(stack, experts, inputs, parts));
        return [.. Enumerable.Range(0, parts.Length).Select(part => weights.Where((_, i) => i % parts.Length == part).ToArray())];
    }

    private static IEnumerable<HostTensor> Split(HostTensor matrices, int experts, int inputs, int[] parts)
    {
        var row = 0L;
        for (var expert = 0; expert < experts; expert++)
        {
            foreach (var rows in parts)
            {
                yield return matrices with { Shape = [rows, inputs], Data = matrices.Data + (nint)(row * inputs * matrices.DType.Size()) };
                row += rows;
            }
        }
    }
}
