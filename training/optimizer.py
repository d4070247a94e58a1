"""Muon for the matrices inside the blocks, AdamW for the embedding and the norms."""
import torch


def orthogonalise(matrix, steps=5):
    """Newton-Schulz iteration (quintic, coefficients of Keller Jordan's Muon): close to U V^T of the matrix's SVD."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.bfloat16() if matrix.is_cuda else matrix.float()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    x = x.transpose(-1, -2) if tall else x
    for _ in range(steps):
        gram = x @ x.transpose(-1, -2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.transpose(-1, -2) if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr=0.02, momentum=0.95, weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            by_shape = {}
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                # Nesterov: look one step ahead.
                by_shape.setdefault(weight.shape, []).append((weight, weight.grad.lerp(state["momentum"], group["momentum"])))
            for shape, pairs in by_shape.items():
                if pairs[0][0].is_cuda:
                    updates = orthogonalise(torch.stack([update for _, update in pairs]))
                else:  # the CPU's batched product is far slower than single products
                    updates = [orthogonalise(update) for _, update in pairs]
                scale = max(1.0, shape[0] / shape[1]) ** 0.5
                for (weight, _), update in zip(pairs, updates):
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.add_(update, alpha=-group["lr"] * scale)


def create_optimizers(model, matrix_rate=0.02, other_rate=3e-3, weight_decay=0.1):
    """Each group keeps its peak rate in `peak_rate`; the schedule multiplies it."""
    matrices = [weight for name, weight in model.named_parameters() if weight.dim() == 2 and "embedding" not in name]
    others = [weight for name, weight in model.named_parameters() if weight.dim() != 2 or "embedding" in name]
    optimizers = [
        Muon(matrices, lr=matrix_rate, weight_decay=weight_decay),
        torch.optim.AdamW(others, lr=other_rate, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_rate"] = group["lr"]
    return optimizers
