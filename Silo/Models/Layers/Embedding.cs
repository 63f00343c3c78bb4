using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Token ids to vectors.</summary>
/// <param name="at">Where "weight" is.</param>
/// <param name="vocabulary">Rows of the table.</param>
/// <param name="hidden">Columns of the table.</param>
internal sealed class Embedding(Checkpoint at, int vocabulary, int hidden)
{
    private readonly Weight _table = at.Matrix("weight", vocabulary, hidden);

    /// <summary>The same table as the output head of a model with tied embeddings: imported once.</summary>
    public Linear AsHead() => new(_table);

    /// <param name="tokenIds">I32 [1, rows].</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>[rows, hidden].</returns>
    public Tensor Forward(Tensor tokenIds, IOps ops) => ops.Embedding(tokenIds, _table);
}
